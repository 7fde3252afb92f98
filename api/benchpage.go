package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/receiving/report"
	"github.com/backdock/backdock/scanner/wire"
)

// ticketCookie lets the station page of a bench without an agent open the station line. Scripts cannot read it, other sites' requests do not carry it, and no
// other path gets it.
const ticketCookie = "bd_bench"

// benchPage is the path of the station page that the server serves.
const benchPage = "bench"

var worksAtBenches = only(auth.BenchRoles...)

type pageTicket struct {
	Body struct {
		Bench string `json:"bench" minLength:"1" maxLength:"100" doc:"warehouse code and bench number, as HZ1/3"`
		Page  string `json:"page" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]{64}$" doc:"a secret that the browser made with its outbox: the same page is the same station"`
	}
}

// PageStation is the station that a page is.
type PageStation struct {
	Station string `json:"station"`
	Bench   string `json:"bench"`
	Name    string `json:"name" doc:"of the bench"`
}

type pageTicketed struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   PageStation
}

func (s *Server) routesBenchPage() {
	register(s, route{method: "GET", path: "/benches", id: "list-benches", summary: "Benches that I may work at", tag: "stations", access: worksAtBenches},
		func(ctx context.Context, who caller, _ *nothing) (*out[report.Page[report.BenchRow]], error) {
			return reply(s.report.Benches(ctx, who.Scope))
		})
	register(s, route{method: "POST", path: "/benches/page", id: "open-bench-page", summary: "Let this browser speak for a bench, until I log out; the ticket is a cookie for " + wire.Path, tag: "stations", access: worksAtBenches}, s.openBenchPage)
}

// openBenchPage gives a browser its ticket. Doing it again gives another one, so no idempotency key is needed, and none is heeded: a stored answer would hold the cookie.
func (s *Server) openBenchPage(ctx context.Context, who caller, in *pageTicket) (*pageTicketed, error) {
	bench, err := s.report.BenchNamed(ctx, who.Scope, in.Body.Bench)
	if err != nil {
		return nil, err
	}
	token, station, err := s.auth.PageTicket(ctx, who.Principal, in.Body.Page, bench.ID)
	if err != nil {
		return nil, err
	}
	return &pageTicketed{
		Cookie: http.Cookie{Name: ticketCookie, Value: token, Path: wire.Path, HttpOnly: true, Secure: addressOf(ctx).secure, SameSite: http.SameSiteStrictMode},
		Body:   PageStation{Station: station.Name, Bench: in.Body.Bench, Name: bench.Name},
	}, nil
}

// entrant is who opens the station line: an agent by its token, or a page by its ticket.
type entrant struct {
	auth.Station
	ticket string
}

func (s *Server) admitStation(c *fiber.Ctx) (entrant, error) {
	if token, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer "); ok {
		st, err := s.auth.Station(c.UserContext(), token)
		return entrant{Station: st}, err
	}
	ticket := c.Cookies(ticketCookie)
	if ticket == "" {
		return entrant{}, auth.ErrStation
	}
	if c.Get(fiber.HeaderOrigin) == "" { // the socket has refused other sites already; a browser always says who it is
		return entrant{}, fault.New(fault.Denied, "origin", "a ticket is for the page it was given to")
	}
	st, err := s.auth.Ticket(c.UserContext(), ticket)
	return entrant{Station: st, ticket: ticket}, err
}

// stands reports whether a page may go on: its session, its grants and its station are asked again.
func (e entrant) stands(ctx context.Context, s *Server) (bool, error) {
	if e.ticket == "" {
		return true, nil
	}
	_, err := s.auth.Ticket(ctx, e.ticket)
	if fault.IsKind(err, fault.Unauthenticated) {
		return false, nil
	}
	return err == nil, err
}
