// Package fault gives errors a kind and a stable code for the outside. It imports only the standard library.
package fault

import (
	"errors"
	"fmt"
)

// Kind groups faults by what the caller can do about them; api maps each kind to one HTTP status.
type Kind string

const (
	Invalid         Kind = "invalid"         // 400/422: the request itself is wrong
	Unauthenticated Kind = "unauthenticated" // 401
	Denied          Kind = "denied"          // 403
	NotFound        Kind = "not_found"       // 404
	Conflict        Kind = "conflict"        // 409: somebody else was first, or the state does not allow it
	TooLarge        Kind = "too_large"       // 413
	Limited         Kind = "limited"         // 429
	Unavailable     Kind = "unavailable"     // 503: try again
	Internal        Kind = "internal"        // 500: ours
)

// Error is a fault that may be shown to an outsider: Message says what to do next and holds no secret.
type Error struct {
	Kind    Kind
	Code    string            // stable, snake_case
	Message string            // English, one sentence
	Params  map[string]string // values for a translated message
	cause   error
}

// New makes a fault.
func New(k Kind, code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: k, Code: code, Message: err.Error(), cause: errors.Unwrap(err)}
}

// With returns a copy that carries a parameter.
func (e *Error) With(name, value string) *Error {
	c := *e
	c.Params = map[string]string{name: value}
	for k, v := range e.Params {
		c.Params[k] = v
	}
	return &c
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is compare by code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Kind == e.Kind
}

// Of finds the fault in err; anything else is Internal with code "internal" and a message that gives nothing away.
func Of(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, Code: "internal", Message: "the server failed; the request changed nothing", cause: err}
}

// IsKind reports whether err is a fault of kind k.
func IsKind(err error, k Kind) bool { return err != nil && Of(err).Kind == k }

// Code returns the stable code of err.
func Code(err error) string { return Of(err).Code }
