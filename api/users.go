package api

import (
	"context"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/report"
)

// UserRow is a user as an administrator sees them.
type UserRow struct {
	Username  string         `json:"username"`
	Display   string         `json:"display"`
	Lang      string         `json:"lang" enum:"zh,en"`
	Disabled  bool           `json:"disabled"`
	HasBadge  bool           `json:"has_badge"`
	CreatedAt time.Time      `json:"created_at"`
	Grants    []report.Grant `json:"grants"`
}

// GrantInput is a grant to give. Nothing, or "*", is all.
type GrantInput struct {
	Role      string `json:"role" enum:"dock,clerk,inspector,putaway,service,claims,finance,manager,merchant,admin"`
	Warehouse string `json:"warehouse,omitempty" maxLength:"40"`
	Owner     string `json:"owner,omitempty" maxLength:"40"`
	Shop      string `json:"shop,omitempty" maxLength:"100"`
}

type newUserInput struct {
	Body struct {
		Username string       `json:"username" minLength:"2" maxLength:"64"`
		Display  string       `json:"display" maxLength:"100"`
		Password string       `json:"password" minLength:"8" maxLength:"256"`
		Lang     string       `json:"lang,omitempty" enum:"zh,en"`
		Grants   []GrantInput `json:"grants" maxItems:"50"`
	}
}

// UserPath names a user.
type UserPath struct {
	Username string `path:"username" maxLength:"64"`
}

type grantsInput struct {
	UserPath
	Body struct {
		Grants []GrantInput `json:"grants" maxItems:"50"`
	}
}

type passwordInput struct {
	UserPath
	Body struct {
		Password string `json:"password" minLength:"8" maxLength:"256"`
	}
}

type disabledInput struct {
	UserPath
	Body struct {
		Disabled bool `json:"disabled"`
	}
}

// Badge is the text of a new badge: a barcode BD:OPERATOR:<badge>. It is shown here and never again.
type Badge struct {
	Badge string `json:"badge"`
}

var administers = only(auth.Admin)

func (s *Server) routesUsers() {
	register(s, route{method: "GET", path: "/users", id: "list-users", summary: "Users within the caller's grants", tag: "users", access: administers}, s.users)
	register(s, route{method: "POST", path: "/users", id: "create-user", summary: "Add a user", tag: "users", access: administers}, s.createUser)
	register(s, route{method: "PUT", path: "/users/{username}/grants", id: "set-grants", summary: "Replace what a user may do", tag: "users", access: administers}, s.setGrants)
	register(s, route{method: "PUT", path: "/users/{username}/password", id: "set-password", summary: "Give a user a new password; their sessions end", tag: "users", access: administers},
		func(ctx context.Context, who caller, in *passwordInput) (*out[UserRow], error) {
			return s.onUser(ctx, who, in.Username, func(ctx context.Context, u id.User) error { return s.auth.SetPassword(ctx, u, in.Body.Password) })
		})
	register(s, route{method: "PUT", path: "/users/{username}/disabled", id: "set-disabled", summary: "Lock a user out, or let them in again", tag: "users", access: administers},
		func(ctx context.Context, who caller, in *disabledInput) (*out[UserRow], error) {
			return s.onUser(ctx, who, in.Username, func(ctx context.Context, u id.User) error { return s.auth.SetDisabled(ctx, u, in.Body.Disabled) })
		})
	register(s, route{method: "POST", path: "/users/{username}/badge", id: "issue-badge", summary: "A new badge for a user; the old one is void", tag: "users", access: only(auth.Admin, auth.Manager)}, s.issueBadge)
}

func (s *Server) users(ctx context.Context, who caller, _ *nothing) (*out[report.Page[UserRow]], error) {
	all, err := s.auth.Users(ctx)
	if err != nil {
		return nil, err
	}
	p := report.Page[UserRow]{Items: []UserRow{}}
	for _, u := range all {
		if !who.Scope.Covers(u.Grants...) {
			continue
		}
		row, err := s.userRow(ctx, u)
		if err != nil {
			return nil, err
		}
		p.Items = append(p.Items, row)
	}
	return reply(p, nil)
}

func (s *Server) userRow(ctx context.Context, u auth.User) (UserRow, error) {
	grants, err := s.report.GrantsOf(ctx, u.ID)
	return UserRow{Username: u.Username, Display: u.Display, Lang: u.Lang, Disabled: u.Disabled, HasBadge: u.HasBadge, CreatedAt: u.CreatedAt, Grants: grants}, err
}

// grants turns codes into grants. Nobody gives what they do not have themselves.
func (s *Server) grants(ctx context.Context, who caller, in []GrantInput) ([]auth.Grant, error) {
	out := make([]auth.Grant, len(in))
	for i, g := range in {
		var err error
		if out[i], err = s.report.GrantNamed(ctx, report.Grant{Role: g.Role, Warehouse: g.Warehouse, Owner: g.Owner, Shop: g.Shop}); err != nil {
			return nil, err
		}
	}
	if !who.Scope.Covers(out...) {
		return nil, fault.New(fault.Denied, "grant_too_wide", "a grant reaches beyond your own")
	}
	return out, nil
}

func (s *Server) createUser(ctx context.Context, who caller, in *newUserInput) (*out[UserRow], error) {
	b := in.Body
	if !plain(b.Display) {
		return nil, fault.New(fault.Invalid, "not_text", "the name holds bytes that are not text")
	}
	grants, err := s.grants(ctx, who, b.Grants)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error {
		_, err := s.auth.CreateUser(ctx, auth.NewUser{Username: b.Username, Display: b.Display, Password: b.Password, Lang: b.Lang, Grants: grants})
		return err
	}, s.userNamed(b.Username))
}

func (s *Server) userNamed(name string) func(context.Context) (UserRow, error) {
	return func(ctx context.Context) (UserRow, error) {
		u, err := s.auth.UserNamed(ctx, name)
		if err != nil {
			return UserRow{}, err
		}
		return s.userRow(ctx, u)
	}
}

func (s *Server) setGrants(ctx context.Context, who caller, in *grantsInput) (*out[UserRow], error) {
	grants, err := s.grants(ctx, who, in.Body.Grants)
	if err != nil {
		return nil, err
	}
	return s.onUser(ctx, who, in.Username, func(ctx context.Context, u id.User) error { return s.auth.SetGrants(ctx, u, grants) })
}

func (s *Server) issueBadge(ctx context.Context, who caller, in *UserPath) (*out[Badge], error) {
	u, err := s.userWithin(ctx, who, in.Username)
	if err != nil {
		return nil, err
	}
	badge := id.Code()
	return write(ctx, s, func(ctx context.Context) error { return s.auth.SetBadge(ctx, u.ID, badge) },
		func(context.Context) (Badge, error) { return Badge{Badge: badge}, nil })
}

// userWithin finds a user none of whose grants reach beyond the caller's.
func (s *Server) userWithin(ctx context.Context, who caller, name string) (auth.User, error) {
	u, err := s.auth.UserNamed(ctx, name)
	if err == nil && !who.Scope.Covers(u.Grants...) {
		err = fault.New(fault.NotFound, "user_not_found", "there is no user %q", name)
	}
	return u, err
}

func (s *Server) onUser(ctx context.Context, who caller, name string, verb func(context.Context, id.User) error) (*out[UserRow], error) {
	u, err := s.userWithin(ctx, who, name)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error { return verb(ctx, u.ID) }, s.userNamed(name))
}
