package api

import (
	"context"
	"net/http"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/receiving/report"
)

// Me is the user of a session.
type Me struct {
	User       MeUser             `json:"user"`
	Grants     []report.Grant     `json:"grants"`
	CSRF       string             `json:"csrf" doc:"goes into X-CSRF-Token of every write"`
	SiteLang   string             `json:"site_lang" enum:"zh,en"`
	Warehouses []report.Warehouse `json:"warehouses" doc:"those the grants reach"`
}

// MeUser is how a user sees themselves.
type MeUser struct {
	Username string `json:"username"`
	Display  string `json:"display"`
	Lang     string `json:"lang" enum:"zh,en"`
}

type credentials struct {
	Body struct {
		Username string `json:"username" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

type session struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   Me
}

type nothing struct{}

type language struct {
	Body struct {
		Lang string `json:"lang" enum:"zh,en"`
	}
}

func (s *Server) routesAuth() {
	register(s, route{method: "POST", path: "/auth/login", id: "login", summary: "Log in with a password; the session is a cookie", tag: "auth", access: open}, s.login)
	register(s, route{method: "GET", path: "/auth/me", id: "me", summary: "Who am I and what may I do", tag: "auth", access: loggedIn},
		func(ctx context.Context, who caller, _ *nothing) (*out[Me], error) {
			return reply(s.me(ctx, who.Principal))
		})
	register(s, route{method: "POST", path: "/auth/logout", id: "logout", summary: "End the session", tag: "auth", access: loggedIn, status: 204}, s.logout)
	register(s, route{method: "PUT", path: "/auth/language", id: "set-language", summary: "Choose the language I read", tag: "auth", access: loggedIn},
		func(ctx context.Context, who caller, in *language) (*out[Me], error) {
			return write(ctx, s, func(ctx context.Context) error { return s.auth.SetLang(ctx, who.User, in.Body.Lang) },
				func(ctx context.Context) (Me, error) {
					p := *who.Principal
					p.Lang = in.Body.Lang
					return s.me(ctx, &p)
				})
		})
}

func (s *Server) login(ctx context.Context, _ caller, in *credentials) (*session, error) {
	o := addressOf(ctx)
	if !plain(in.Body.Username) {
		return nil, fault.New(fault.Invalid, "not_text", "the user name holds bytes that are not text")
	}
	opened, err := s.auth.Login(ctx, in.Body.Username, in.Body.Password, o.address)
	if err != nil {
		return nil, err
	}
	me, err := s.me(ctx, opened.Principal)
	if err != nil {
		return nil, err
	}
	return &session{Cookie: cookie(opened.Token, opened.ExpiresAt, o.secure), Body: me}, nil
}

func (s *Server) logout(ctx context.Context, who caller, _ *nothing) (*struct {
	Cookie http.Cookie `header:"Set-Cookie"`
}, error) {
	if err := s.auth.Logout(ctx, who.Principal); err != nil {
		return nil, err
	}
	return &struct {
		Cookie http.Cookie `header:"Set-Cookie"`
	}{cookie("", time.Unix(0, 0), addressOf(ctx).secure)}, nil
}

func cookie(token string, expires time.Time, secure bool) http.Cookie {
	return http.Cookie{Name: cookieName, Value: token, Path: "/", Expires: expires, HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode}
}

func (s *Server) me(ctx context.Context, p *auth.Principal) (Me, error) {
	grants, err := s.report.Grants(ctx, p)
	if err != nil {
		return Me{}, err
	}
	warehouses, err := s.report.Warehouses(ctx, p.Scope(auth.Roles...))
	if err != nil {
		return Me{}, err
	}
	return Me{User: MeUser{Username: p.Username, Display: p.Display, Lang: p.Lang}, Grants: grants, CSRF: p.CSRF, SiteLang: s.o.SiteLang, Warehouses: warehouses}, nil
}
