package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
)

const (
	prefix        = "/api/v1"
	cookieName    = "bd_session"
	headerCSRF    = "X-CSRF-Token"
	headerIdemKey = "Idempotency-Key"
)

// access says who may call a route. Everybody else gets 401, or 403; and inside the route, things outside the caller's grants do not exist (404).
type access struct {
	open  bool        // no session needed
	roles []auth.Role // one of these; none: everybody who is logged in
}

var (
	open     = access{open: true}
	loggedIn = access{}
)

func only(roles ...auth.Role) access { return access{roles: roles} }

// caller is who calls a route and where the route's roles let them look.
type caller struct {
	*auth.Principal
	Scope auth.Scope
}

// route describes one operation; every route goes through register, so that none lacks an access rule.
type route struct {
	method, path, id, summary, tag string
	access                         access
	status                         int // of success; zero takes 200
}

type out[T any] struct{ Body T }

func reply[T any](v T, err error) (*out[T], error) {
	if err != nil {
		return nil, err
	}
	return &out[T]{Body: v}, nil
}

type callerKey struct{}

type callKey struct{}

// register adds a route to the API and to the server's list of routes.
func register[I, O any](s *Server, r route, fn func(ctx context.Context, who caller, in *I) (*O, error)) {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: prefix + r.path, Summary: r.summary, Tags: []string{r.tag}, DefaultStatus: r.status,
		MaxBodyBytes: int64(s.o.BodyLimit), Middlewares: huma.Middlewares{s.admit(r)}, RejectUnknownQueryParameters: true,
		Extensions: map[string]any{"x-roles": r.access.names()},
	}
	if !r.access.open {
		op.Security = []map[string][]string{{"session": {}}}
	}
	if !slices.Contains([]string{http.MethodGet, http.MethodHead}, r.method) && !r.access.open {
		op.Parameters = append(op.Parameters,
			&huma.Param{Name: headerCSRF, In: "header", Description: "csrf of Me", Schema: &huma.Schema{Type: huma.TypeString}},
			&huma.Param{Name: headerIdemKey, In: "header", Description: "the same key and body get the same answer for two days; the same key with another body is 409", Schema: &huma.Schema{Type: huma.TypeString}})
	}
	s.routes = append(s.routes, r)
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		who, _ := ctx.Value(callerKey{}).(caller)
		o, err := fn(ctx, who, in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return o, nil
	})
}

func (a access) names() []string {
	if a.open {
		return []string{}
	}
	if len(a.roles) == 0 {
		return []string{"*"}
	}
	out := make([]string, len(a.roles))
	for i, r := range a.roles {
		out[i] = string(r)
	}
	return out
}

// admit stands before huma reads the body: session, role, CSRF and the idempotency key.
func (s *Server) admit(r route) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		c := humafiber.Unwrap(hc)
		ctx := hc.Context()
		k := &call{route: r.method + " " + r.path, path: c.Path(), requestID: requestID(c), address: s.address(c), secure: c.Protocol() == "https"}
		ctx = context.WithValue(ctx, callKey{}, k)
		err := s.sameSite(c)
		if r.access.open {
			if err != nil {
				_ = s.send(c, err)
				return
			}
			next(huma.WithContext(hc, ctx))
			return
		}
		var who caller
		if err == nil {
			who, err = s.identify(ctx, c.Cookies(cookieName), r.access)
		}
		if err == nil && r.method != http.MethodGet {
			err = who.CheckCSRF(hc.Header(headerCSRF))
		}
		if err == nil {
			err = k.read(hc, who, c.Body())
		}
		if err != nil {
			_ = s.send(c, err)
			return
		}
		next(huma.WithContext(hc, context.WithValue(ctx, callerKey{}, who)))
	}
}

func (s *Server) identify(ctx context.Context, token string, a access) (caller, error) {
	p, err := s.auth.Session(ctx, token)
	if err != nil {
		return caller{}, err
	}
	if len(a.roles) > 0 && !p.May(a.roles...) {
		return caller{}, fault.New(fault.Denied, "role_missing", "this needs one of the roles %s", strings.Join(a.names(), ", ")).With("roles", strings.Join(a.names(), ","))
	}
	return caller{Principal: p, Scope: p.Scope(a.roles...)}, nil
}

// sameSite refuses writes that another site's page sends; a program that is no browser sends no Origin.
func (s *Server) sameSite(c *fiber.Ctx) error {
	if origin := c.Get("Origin"); c.Method() != http.MethodGet && origin != "" && !s.ours(c, origin) {
		return fault.New(fault.Denied, "origin", "requests from other sites are refused")
	}
	return nil
}

// fail turns a handler's error into a Problem and logs what is our fault: huma would send the text of an unknown error.
func (s *Server) fail(ctx context.Context, err error) error {
	p := problemOf(err)
	if p.Status >= 500 {
		k, _ := ctx.Value(callKey{}).(*call)
		s.logger.Error("request failed", "request_id", k.requestID, "route", k.route, "code", p.Code, "error", err)
	}
	if wait := p.Params["retry_after_s"]; wait != "" {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {wait}})
	}
	return p
}
