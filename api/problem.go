package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/backdock/backdock/internal/fault"
)

// Problem is the body of every failure: RFC 9457 with a stable code and the values for a translated message.
type Problem struct {
	Type   string            `json:"type" doc:"always about:blank; code tells problems apart"`
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail" doc:"what happened and what to do next, in English"`
	Code   string            `json:"code" doc:"stable, snake_case"`
	Params map[string]string `json:"params,omitempty" doc:"values for the translated text of code"`
	Errors []FieldError      `json:"errors,omitempty" doc:"what is wrong with which part of the request"`

	cause error
}

// FieldError names one wrong part of a request. The value is not echoed: it may be a password.
type FieldError struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

const problemType = "application/problem+json"

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// Unwrap gives the log the reason that the outside does not see.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus makes a Problem an error that huma can send.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes huma send application/problem+json.
func (p *Problem) ContentType(string) string { return problemType }

var statusOf = map[fault.Kind]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.Unauthenticated: http.StatusUnauthorized, fault.Denied: http.StatusForbidden,
	fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict, fault.TooLarge: http.StatusRequestEntityTooLarge,
	fault.Limited: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable, fault.Internal: http.StatusInternalServerError,
}

// codeOf names the failures that Fiber and huma find themselves.
var codeOf = map[int]string{
	http.StatusBadRequest: "malformed", http.StatusNotFound: "route_unknown", http.StatusMethodNotAllowed: "method_not_allowed", http.StatusNotAcceptable: "not_acceptable",
	http.StatusRequestTimeout: "request_timeout", http.StatusRequestEntityTooLarge: "too_large", http.StatusUnsupportedMediaType: "unsupported_media_type",
	http.StatusUnprocessableEntity: "request_invalid", http.StatusUpgradeRequired: "upgrade_required", http.StatusRequestHeaderFieldsTooLarge: "headers_too_large",
	http.StatusTooManyRequests: "too_many_requests", http.StatusServiceUnavailable: "unavailable",
}

// problemOf is the one map from errors to what the outside sees.
func problemOf(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if f, ok := errors.AsType[*fiber.Error](err); ok {
		return statusProblem(f.Code, f.Message)
	}
	f := fault.Of(err)
	if f.Kind == fault.Internal && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		f = fault.New(fault.Unavailable, "timeout", "the server did not finish in time: try again")
	}
	status, ok := statusOf[f.Kind]
	if !ok {
		status = http.StatusInternalServerError
	}
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: f.Message, Code: f.Code, Params: f.Params, cause: err}
	if f.Kind == fault.Internal {
		p.Detail, p.Params = fault.Of(errors.New("")).Message, nil // a fault of our own may hold what only the log may see
	}
	return p
}

func statusProblem(status int, detail string) *Problem {
	code, ok := codeOf[status]
	switch {
	case status >= 500 && !ok:
		code, detail = "internal", "the server failed; the request changed nothing"
	case !ok:
		code = "refused"
	}
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
}

// useProblems makes huma's own errors Problems, lists lists (never null), and field names exact. huma keeps these in package variables, so this is done once per process.
var useProblems = sync.OnceFunc(func() {
	huma.DefaultArrayNullable, huma.ValidateStrictCasing = false, true
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		p := statusProblem(status, msg)
		for _, err := range errs {
			if own, ok := errors.AsType[*Problem](err); ok {
				return own
			}
			if d, ok := err.(huma.ErrorDetailer); ok {
				p.Errors = append(p.Errors, FieldError{d.ErrorDetail().Location, d.ErrorDetail().Message})
			} else if status < 500 && err != nil {
				p.Errors = append(p.Errors, FieldError{Message: err.Error()})
			}
		}
		return p
	}
})

// send writes err as a problem and logs what is our fault.
func (s *Server) send(c *fiber.Ctx, err error) error {
	p := problemOf(err)
	leftUnread(c, p.Status)
	if p.Status >= 500 {
		s.logger.Error("request failed", slog.String("request_id", requestID(c)), slog.String("method", c.Method()), slog.String("route", c.Route().Path),
			slog.String("code", p.Code), slog.Any("error", err))
	}
	secure(c)
	if wait := p.Params["retry_after_s"]; wait != "" {
		c.Set(fiber.HeaderRetryAfter, wait)
	} else if p.Status == http.StatusServiceUnavailable {
		c.Set(fiber.HeaderRetryAfter, "2")
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentType, problemType)
	return c.Status(p.Status).Send(body)
}
