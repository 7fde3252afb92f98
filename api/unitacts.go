package api

import (
	"context"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/inventory/stock"
	"github.com/backdock/backdock/receiving/report"
)

var (
	blocks    = only(auth.Inspector, auth.Claims, auth.Manager)
	manages   = only(auth.Manager)
	handsOver = only(auth.Dock, auth.Clerk, auth.Inspector, auth.Putaway, auth.Manager)
)

type blockInput struct {
	UnitPath
	Body struct {
		Reason string `json:"reason" enum:"recalled,expired,disputed,other"`
		Note   string `json:"note,omitempty" maxLength:"500"`
	}
}

type unblockInput struct {
	UnitPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type repairedInput struct {
	UnitPath
	Body struct {
		Note    string `json:"note" minLength:"1" maxLength:"2000" doc:"what was repaired"`
		Version int64  `json:"version"`
	}
}

type handOverInput struct {
	UnitPath
	Body struct {
		Carrier string `json:"carrier,omitempty" maxLength:"40"`
		Waybill string `json:"waybill,omitempty" maxLength:"60"`
		Note    string `json:"note,omitempty" maxLength:"500" doc:"who took it, where there is no waybill"`
		Version int64  `json:"version"`
	}
}

type lookInput struct {
	UnitPath
	Body struct {
		Grade  string          `json:"grade" enum:"A,B,C,D"`
		Checks map[string]bool `json:"checks" doc:"an answer to every check of the list"`
		Note   string          `json:"note,omitempty" maxLength:"2000"`
	}
}

type settleInput struct {
	UnitPath
	Body struct {
		Take   string `json:"take" enum:"first,second,waive"`
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type lostInput struct {
	UnitPath
	Body struct {
		Reason  string `json:"reason" enum:"lost,found,damaged,other"`
		Note    string `json:"note" minLength:"1" maxLength:"500"`
		Version int64  `json:"version"`
	}
}

// LookAnswer says only whether the two agree where the caller may know.
type LookAnswer struct {
	Plate string `json:"plate"`
	Done  bool   `json:"done"`
}

type looksQuery struct {
	Listing
	Warehouse string `query:"warehouse" required:"true" maxLength:"40"`
	State     string `query:"state" enum:"due,differs,agreed,kept,changed,waived" default:"due"`
}

type qualityQuery struct {
	Warehouse string `query:"warehouse" required:"true" maxLength:"40"`
	Days      int    `query:"days" minimum:"1" maximum:"366" default:"30"`
}

func (s *Server) routesUnitActs() {
	register(s, route{method: "POST", path: "/units/{plate}/block", id: "block-unit", summary: "Freeze a piece: nothing moves it until it is free again", tag: "units", access: blocks},
		func(ctx context.Context, who caller, in *blockInput) (*out[*report.UnitDetail], error) {
			return s.act(ctx, who, in.Plate, func(ctx context.Context, _ id.Warehouse) error {
				return s.d.Bench.Block(ctx, in.Plate, who.User, qc.Frost{Reason: in.Body.Reason, Note: in.Body.Note})
			})
		})
	register(s, route{method: "POST", path: "/units/{plate}/unblock", id: "unblock-unit", summary: "Free a frozen piece: it stands where it stood before", tag: "units", access: manages},
		func(ctx context.Context, who caller, in *unblockInput) (*out[*report.UnitDetail], error) {
			return s.act(ctx, who, in.Plate, func(ctx context.Context, _ id.Warehouse) error {
				return s.d.Bench.Unblock(ctx, in.Plate, who.User, in.Body.Reason)
			})
		})
	register(s, route{method: "POST", path: "/units/{plate}/repaired", id: "return-from-repair", summary: "Take a piece back from repair: it waits to be inspected again", tag: "units", access: inspects},
		func(ctx context.Context, who caller, in *repairedInput) (*out[*report.UnitDetail], error) {
			return s.act(ctx, who, in.Plate, func(ctx context.Context, _ id.Warehouse) error {
				return s.d.Bench.Repaired(ctx, qc.Return{Plate: in.Plate, Note: in.Body.Note, Version: in.Body.Version, By: who.User})
			})
		})
	register(s, route{method: "POST", path: "/units/{plate}/hand-over", id: "hand-unit-over", summary: "Give a piece to whoever carries it to its vendor or customer", tag: "units", access: handsOver},
		func(ctx context.Context, who caller, in *handOverInput) (*out[*report.UnitDetail], error) {
			return s.act(ctx, who, in.Plate, func(ctx context.Context, _ id.Warehouse) error {
				return s.d.Bench.HandOver(ctx, qc.HandOver{Plate: in.Plate, Carrier: in.Body.Carrier, Waybill: in.Body.Waybill, Note: in.Body.Note, Version: in.Body.Version, By: who.User})
			})
		})
	register(s, route{method: "POST", path: "/units/{plate}/lost", id: "lose-unit", summary: "Book a piece out that cannot be found", tag: "units", access: manages},
		func(ctx context.Context, who caller, in *lostInput) (*out[*report.UnitDetail], error) {
			return s.missing(ctx, who, in, s.d.Stock.Lose)
		})
	register(s, route{method: "POST", path: "/units/{plate}/found", id: "find-unit", summary: "Book a missing piece in again; it waits to be inspected", tag: "units", access: manages},
		func(ctx context.Context, who caller, in *lostInput) (*out[*report.UnitDetail], error) {
			return s.missing(ctx, who, in, s.d.Stock.Find)
		})
	s.routesLooks()
}

// act runs a verb on a piece that the caller may reach, and answers with the piece.
func (s *Server) act(ctx context.Context, who caller, plate string, verb func(ctx context.Context, w id.Warehouse) error) (*out[*report.UnitDetail], error) {
	if s.d.Bench == nil || s.d.Stock == nil {
		return nil, errNotWired
	}
	w, _, _, err := s.report.UnitAt(ctx, who.Scope, plate)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error { return verb(ctx, w) }, s.unitOf(who, plate))
}

func (s *Server) missing(ctx context.Context, who caller, in *lostInput, verb func(context.Context, stock.Piece) error) (*out[*report.UnitDetail], error) {
	return s.act(ctx, who, in.Plate, func(ctx context.Context, w id.Warehouse) error {
		return verb(ctx, stock.Piece{Warehouse: w, Plate: in.Plate, Version: in.Body.Version, Reason: in.Body.Reason, Note: in.Body.Note, By: who.User})
	})
}

func (s *Server) routesLooks() {
	register(s, route{method: "GET", path: "/second-looks", id: "list-second-looks", summary: "Inspections that somebody else makes again, blind; managers see both grades", tag: "units", access: inspects},
		func(ctx context.Context, who caller, in *looksQuery) (*out[report.Page[report.SecondLookRow]], error) {
			return reply(s.report.SecondLooks(ctx, who.Scope, who.User, in.State, in.Warehouse, who.May(auth.Manager), in.ask()))
		})
	register(s, route{method: "POST", path: "/units/{plate}/second-look", id: "look-again", summary: "Inspect a piece a second time without knowing what the first one found", tag: "units", access: inspects},
		func(ctx context.Context, who caller, in *lookInput) (*out[LookAnswer], error) {
			if s.d.Bench == nil {
				return nil, errNotWired
			}
			if _, _, _, err := s.report.UnitAt(ctx, who.Scope, in.Plate); err != nil {
				return nil, err
			}
			return write(ctx, s, func(ctx context.Context) error {
				_, err := s.d.Bench.LookAgain(ctx, qc.Look{Plate: in.Plate, Grade: in.Body.Grade, Checks: in.Body.Checks, Note: in.Body.Note, By: who.User})
				return err
			}, func(context.Context) (LookAnswer, error) { return LookAnswer{Plate: in.Plate, Done: true}, nil })
		})
	register(s, route{method: "POST", path: "/units/{plate}/second-look/settle", id: "settle-second-look", summary: "Decide between two grades, or do without the second", tag: "units", access: manages},
		func(ctx context.Context, who caller, in *settleInput) (*out[*report.UnitDetail], error) {
			return s.act(ctx, who, in.Plate, func(ctx context.Context, _ id.Warehouse) error {
				return s.d.Bench.Settle(ctx, qc.Settlement{Plate: in.Plate, Take: in.Body.Take, Reason: in.Body.Reason, By: who.User})
			})
		})
	register(s, route{method: "GET", path: "/second-looks/quality", id: "inspection-quality", summary: "Errors of inspectors that second looks found", tag: "units", access: manages},
		func(ctx context.Context, who caller, in *qualityQuery) (*out[[]report.Quality], error) {
			return reply(s.report.Qualities(ctx, who.Scope, in.Warehouse, s.clock.Now().AddDate(0, 0, -in.Days)))
		})
}
