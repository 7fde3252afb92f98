package api

import (
	"context"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/report"
)

var runsFloor = only(auth.Manager, auth.Admin)

type newStation struct {
	Body struct {
		Name  string `json:"name" minLength:"1" maxLength:"100"`
		Bench string `json:"bench" minLength:"1" maxLength:"100" doc:"warehouse code and bench number, as HZ1/3; the number alone where the caller sees one warehouse"`
	}
}

// EnrolCode is what a station enrols with, once.
type EnrolCode struct {
	Code      string    `json:"code"`
	ExpiresAt time.Time `json:"expires_at"`
}

type enrolment struct {
	Body struct {
		Code     string `json:"code" minLength:"1" maxLength:"40"`
		Hostname string `json:"hostname" maxLength:"255"`
	}
}

// Enrolled is a station's way in. The token is shown here and never again.
type Enrolled struct {
	Token   string `json:"token"`
	Station string `json:"station"`
	Bench   string `json:"bench"`
}

type stationPath struct {
	ID int64 `path:"id" minimum:"1"`
}

func (s *Server) routesStations() {
	register(s, route{method: "GET", path: "/stations", id: "list-stations", summary: "Stations, their scanners and who works there", tag: "stations",
		access: only(auth.Dock, auth.Clerk, auth.Inspector, auth.Manager, auth.Admin)},
		func(ctx context.Context, who caller, _ *nothing) (*out[report.Page[report.StationRow]], error) {
			return reply(s.report.Stations(ctx, who.Scope))
		})
	register(s, route{method: "POST", path: "/stations", id: "create-station", summary: "Add a station, or a new code for one; the code works once and for half an hour", tag: "stations", access: runsFloor}, s.createStation)
	register(s, route{method: "POST", path: "/stations/enroll", id: "enroll-station", summary: "Trade a code for a station's token", tag: "stations", access: open}, s.enrol)
	register(s, route{method: "POST", path: "/stations/{id}/revoke", id: "revoke-station", summary: "End a station's token and its connection", tag: "stations", access: runsFloor}, s.revokeStation)
}

func (s *Server) createStation(ctx context.Context, who caller, in *newStation) (*out[EnrolCode], error) {
	bench, err := s.report.BenchNamed(ctx, who.Scope, in.Body.Bench)
	if err != nil {
		return nil, err
	}
	code := id.Code()
	expires := s.clock.Now().Add(auth.EnrolWithin)
	return write(ctx, s, func(ctx context.Context) error {
		_, _, err := s.auth.CreateStation(ctx, auth.NewStation{Name: in.Body.Name, Bench: bench.ID, Code: code, By: who.User})
		return err
	}, func(context.Context) (EnrolCode, error) { return EnrolCode{Code: code, ExpiresAt: expires}, nil })
}

func (s *Server) enrol(ctx context.Context, _ caller, in *enrolment) (*out[Enrolled], error) {
	if !plain(in.Body.Hostname) {
		return nil, fault.New(fault.Invalid, "not_text", "the host name holds bytes that are not text")
	}
	token, station, err := s.auth.Enrol(ctx, in.Body.Code, in.Body.Hostname, addressOf(ctx).address)
	if err != nil {
		return nil, err
	}
	bench, err := s.report.Bench(ctx, station.Bench)
	if err != nil {
		return nil, err
	}
	return reply(Enrolled{Token: token, Station: station.Name, Bench: bench.Name}, nil)
}

func (s *Server) revokeStation(ctx context.Context, who caller, in *stationPath) (*out[report.StationRow], error) {
	st, err := s.auth.StationByID(ctx, id.Station(in.ID))
	if err != nil {
		return nil, err
	}
	if !who.Scope.Site(st.Warehouse) {
		return nil, fault.New(fault.NotFound, "station_not_found", "there is no station %d", in.ID)
	}
	return write(ctx, s, func(ctx context.Context) error { return s.auth.RevokeStation(ctx, st.ID, who.User) },
		func(ctx context.Context) (report.StationRow, error) { return s.report.Station(ctx, st.ID) })
}
