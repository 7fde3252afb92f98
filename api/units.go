package api

import (
	"context"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving/report"
)

// Listing is what every list takes.
type Listing struct {
	Cursor string `query:"cursor" maxLength:"200"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (l Listing) ask() report.Ask { return report.Ask{Cursor: l.Cursor, Limit: l.Limit} }

type unitsQuery struct {
	Listing
	State     string `query:"state" maxLength:"40"`
	Account   string `query:"account" maxLength:"40"`
	SKU       string `query:"sku" maxLength:"100" doc:"exactly"`
	Place     string `query:"place" maxLength:"60" doc:"code of a bin or tote"`
	Warehouse string `query:"warehouse" maxLength:"40"`
	Q         string `query:"q" maxLength:"100" doc:"plate, SKU, case number (from the start) or serial"`
}

// UnitPath names a piece. huma reads embedded fields of exported types only.
type UnitPath struct {
	Plate string `path:"plate" maxLength:"40"`
}

type inspectionInput struct {
	UnitPath
	Body struct {
		Grade          string          `json:"grade" enum:"A,B,C,D"`
		Disposition    string          `json:"disposition" enum:"restock,restock_b,repair,return_to_vendor,return_to_customer,scrap,donate"`
		Checks         map[string]bool `json:"checks" doc:"an answer to every check of the list"`
		Note           string          `json:"note" maxLength:"2000"`
		Version        int64           `json:"version" doc:"of the unit as the inspector saw it"`
		OverrideReason string          `json:"override_reason,omitempty" maxLength:"500"`
		Tote           string          `json:"tote,omitempty" maxLength:"100"`
	}
}

type undoInput struct {
	UnitPath
	Body struct {
		Reason  string `json:"reason" minLength:"1" maxLength:"500"`
		Version int64  `json:"version"`
	}
}

var (
	seesGoods = only(auth.Dock, auth.Clerk, auth.Inspector, auth.Putaway, auth.Service, auth.Claims, auth.Finance, auth.Manager, auth.Merchant, auth.Admin)
	inspects  = only(auth.Inspector, auth.Manager)
)

func (s *Server) routesUnits() {
	register(s, route{method: "GET", path: "/units", id: "list-units", summary: "Pieces, the one that waits longest first", tag: "units", access: seesGoods},
		func(ctx context.Context, who caller, in *unitsQuery) (*out[report.Page[report.UnitRow]], error) {
			return reply(s.units(ctx, who, report.UnitFilter{State: in.State, Account: in.Account, SKU: in.SKU, Place: in.Place, Warehouse: in.Warehouse, Query: in.Q}, in.ask()))
		})
	register(s, route{method: "GET", path: "/units/{plate}", id: "get-unit", summary: "A piece with order, case, checklist and history", tag: "units", access: seesGoods},
		func(ctx context.Context, who caller, in *UnitPath) (*out[*report.UnitDetail], error) {
			return reply(s.unitOf(who, in.Plate)(ctx))
		})
	register(s, route{method: "POST", path: "/units/{plate}/inspection", id: "inspect-unit", summary: "Grade a piece and decide where it goes", tag: "units", access: inspects}, s.inspect)
	register(s, route{method: "POST", path: "/units/{plate}/inspection/undo", id: "undo-inspection", summary: "Take a judgement back, until the piece has moved on", tag: "units", access: inspects}, s.undoInspection)
}

func (s *Server) inspect(ctx context.Context, who caller, in *inspectionInput) (*out[*report.UnitDetail], error) {
	if s.d.QC == nil {
		return nil, errNotWired
	}
	w, o, shop, err := s.report.UnitAt(ctx, who.Scope, in.Plate)
	if err != nil {
		return nil, err
	}
	b := in.Body
	d := qc.Decision{Plate: in.Plate, Grade: b.Grade, Disposition: b.Disposition, Checks: b.Checks, Note: b.Note, Version: b.Version, OverrideReason: b.OverrideReason, Tote: b.Tote,
		By: who.User, Manager: who.Principal.Scope(auth.Manager).Allows(w, o, shop)}
	return write(ctx, s, func(ctx context.Context) error {
		_, err := s.d.QC.Inspect(ctx, d)
		return err
	}, s.unitOf(who, in.Plate))
}

func (s *Server) undoInspection(ctx context.Context, who caller, in *undoInput) (*out[*report.UnitDetail], error) {
	if s.d.QC == nil {
		return nil, errNotWired
	}
	if _, _, _, err := s.report.UnitAt(ctx, who.Scope, in.Plate); err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error {
		_, err := s.d.QC.Undo(ctx, in.Plate, who.User, in.Body.Reason, in.Body.Version)
		return err
	}, s.unitOf(who, in.Plate))
}

func (s *Server) unitOf(who caller, plate string) func(context.Context) (*report.UnitDetail, error) {
	return func(ctx context.Context) (*report.UnitDetail, error) {
		d, err := s.report.Unit(ctx, who.Scope, plate)
		if err != nil || !who.blind() {
			return d, err
		}
		hidden, err := s.report.Blinded(ctx, who.User, []string{d.Plate})
		if len(hidden) > 0 {
			d.Blind()
		}
		return d, err
	}
}

// blind reports whether the caller inspects and so must not see what another inspector found before the second look.
func (c caller) blind() bool { return c.May(auth.Inspector) && !c.May(auth.Manager, auth.Admin) }

// units lists pieces; what a second inspector must not know is hidden.
func (s *Server) units(ctx context.Context, who caller, f report.UnitFilter, a report.Ask) (report.Page[report.UnitRow], error) {
	p, err := s.report.Units(ctx, who.Scope, f, a)
	if err != nil || !who.blind() {
		return p, err
	}
	plates := make([]string, len(p.Items))
	for i, u := range p.Items {
		plates[i] = u.Plate
	}
	hidden, err := s.report.Blinded(ctx, who.User, plates)
	report.Blind(p.Items, hidden)
	return p, err
}

// boardOf checks that the caller may see a warehouse as a whole: a board sums every owner's goods.
func boardOf(w report.Warehouse, scope auth.Scope) error {
	if !scope.Warehouse(w.ID) {
		return fault.New(fault.Denied, "board_denied", "the board of %s shows every owner's goods, and your grants do not", w.Code)
	}
	return nil
}
