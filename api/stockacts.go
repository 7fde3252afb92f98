package api

import (
	"context"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/inventory/stock"
	"github.com/backdock/backdock/receiving/report"
)

var (
	reserves = only(auth.Service, auth.Manager)
	counts   = only(auth.Inspector, auth.Putaway, auth.Clerk, auth.Manager)
)

// IDPath names a thing by its number.
type IDPath struct {
	ID int64 `path:"id" minimum:"1"`
}

type reservationInput struct {
	Body struct {
		Owner     string    `json:"owner" minLength:"1" maxLength:"40"`
		Warehouse string    `json:"warehouse" minLength:"1" maxLength:"40"`
		SKU       string    `json:"sku" minLength:"1" maxLength:"100"`
		Account   string    `json:"account,omitempty" enum:"available,second_grade" default:"available"`
		Quantity  int       `json:"quantity" minimum:"1" maximum:"1000000"`
		Purpose   string    `json:"purpose" minLength:"1" maxLength:"40"`
		Ref       string    `json:"ref" minLength:"1" maxLength:"100" doc:"the caller's own number: the same again gives the same reservation"`
		ExpiresAt time.Time `json:"expires_at"`
	}
}

type reservationsQuery struct {
	Listing
	State string `query:"state" enum:"held,taken,released,expired,broken"`
	SKU   string `query:"sku" maxLength:"100"`
}

type reservationEndInput struct {
	IDPath
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"500"`
	}
}

type takeInput struct {
	IDPath
	Body struct {
		Plates []string `json:"plates" minItems:"1" maxItems:"1000" doc:"the pieces that leave"`
	}
}

func (s *Server) routesReservations() {
	register(s, route{method: "POST", path: "/stock/reservations", id: "reserve-stock", summary: "Hold pieces for a purpose; never more than there are", tag: "stock", access: reserves}, s.reserve)
	register(s, route{method: "GET", path: "/stock/reservations", id: "list-reservations", summary: "Promised pieces, the newest first", tag: "stock", access: seesStock},
		func(ctx context.Context, who caller, in *reservationsQuery) (*out[report.Page[report.ReservationRow]], error) {
			return reply(s.report.Reservations(ctx, who.Scope, in.State, in.SKU, in.ask()))
		})
	register(s, route{method: "POST", path: "/stock/reservations/{id}/release", id: "release-reservation", summary: "End a reservation: its pieces are free again", tag: "stock", access: reserves},
		func(ctx context.Context, who caller, in *reservationEndInput) (*out[*report.ReservationRow], error) {
			return s.reservation(ctx, who, in.ID, func(ctx context.Context) error {
				return s.d.Stock.Release(ctx, id.Reservation(in.ID), who.User, in.Body.Reason)
			})
		})
	register(s, route{method: "POST", path: "/stock/reservations/{id}/take", id: "take-reservation", summary: "Give the promised pieces away; their plates say which they are", tag: "stock", access: reserves},
		func(ctx context.Context, who caller, in *takeInput) (*out[*report.ReservationRow], error) {
			return s.reservation(ctx, who, in.ID, func(ctx context.Context) error {
				return s.d.Stock.Take(ctx, id.Reservation(in.ID), in.Body.Plates, who.User)
			})
		})
}

func (s *Server) reserve(ctx context.Context, who caller, in *reservationInput) (*out[*report.ReservationRow], error) {
	if s.d.Stock == nil {
		return nil, errNotWired
	}
	b := in.Body
	p, err := s.report.ProductAt(ctx, who.Scope, b.Owner, b.Warehouse, b.SKU)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error {
		_, err := s.d.Stock.Reserve(ctx, stock.Reservation{OwnerID: p.Owner, WarehouseID: p.Warehouse, SKUID: p.SKU, Account: inventory.Account(b.Account), Quantity: b.Quantity,
			Purpose: b.Purpose, Ref: b.Ref, ExpiresAt: b.ExpiresAt.UTC(), ByUser: &who.User})
		return err
	}, func(ctx context.Context) (*report.ReservationRow, error) {
		return s.report.ReservationOf(ctx, who.Scope, p.Owner, b.Purpose, b.Ref)
	})
}

func (s *Server) reservation(ctx context.Context, who caller, n int64, verb func(context.Context) error) (*out[*report.ReservationRow], error) {
	if s.d.Stock == nil {
		return nil, errNotWired
	}
	if _, err := s.report.Reservation(ctx, who.Scope, n); err != nil {
		return nil, err
	}
	return write(ctx, s, verb, func(ctx context.Context) (*report.ReservationRow, error) {
		return s.report.Reservation(ctx, who.Scope, n)
	})
}

type adjustInput struct {
	Body struct {
		Owner     string `json:"owner" minLength:"1" maxLength:"40"`
		Warehouse string `json:"warehouse" minLength:"1" maxLength:"40"`
		SKU       string `json:"sku" minLength:"1" maxLength:"100"`
		Account   string `json:"account" enum:"available,second_grade"`
		Quantity  int    `json:"quantity" doc:"more, or less"`
		Reason    string `json:"reason" enum:"lost,found,damaged,opening,other"`
		Note      string `json:"note" minLength:"1" maxLength:"500"`
	}
}

// Adjusted is what a balance came to.
type Adjusted struct {
	Owner     string `json:"owner"`
	Warehouse string `json:"warehouse"`
	SKU       string `json:"sku"`
	Account   string `json:"account"`
	Quantity  int64  `json:"quantity" doc:"of the account, now"`
}

func (s *Server) routesAdjustments() {
	register(s, route{method: "POST", path: "/stock/adjustments", id: "adjust-stock", summary: "Correct a balance against the world; pieces with plates are lost and found by their plate", tag: "stock", access: manages}, s.adjust)
	register(s, route{method: "GET", path: "/stock/adjustments", id: "list-adjustments", summary: "Corrections, the newest first", tag: "stock", access: only(auth.Finance, auth.Manager)},
		func(ctx context.Context, who caller, in *stockQuery) (*out[report.Page[report.AdjustmentRow]], error) {
			return reply(s.report.Adjustments(ctx, who.Scope, report.StockFilter{Warehouse: in.Warehouse, SKU: in.SKU, Account: in.Account, Owner: in.Owner}, in.ask()))
		})
}

func (s *Server) adjust(ctx context.Context, who caller, in *adjustInput) (*out[Adjusted], error) {
	if s.d.Stock == nil {
		return nil, errNotWired
	}
	b := in.Body
	p, err := s.report.ProductAt(ctx, who.Scope, b.Owner, b.Warehouse, b.SKU)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error {
		_, err := s.d.Stock.Adjust(ctx, stock.Adjustment{OwnerID: p.Owner, WarehouseID: p.Warehouse, SKUID: p.SKU, Account: inventory.Account(b.Account), Quantity: b.Quantity, Reason: b.Reason, Note: b.Note, ByUser: who.User})
		return err
	}, func(ctx context.Context) (Adjusted, error) {
		rows, err := s.report.Stock(ctx, who.Scope, report.StockFilter{Warehouse: b.Warehouse, SKU: b.SKU, Account: b.Account, Owner: b.Owner}, report.Ask{Limit: 1})
		a := Adjusted{Owner: b.Owner, Warehouse: b.Warehouse, SKU: b.SKU, Account: b.Account}
		if len(rows.Items) > 0 {
			a.Quantity = rows.Items[0].Quantity
		}
		return a, err
	})
}

type recallInput struct {
	Body struct {
		Owner string `json:"owner" minLength:"1" maxLength:"40"`
		SKU   string `json:"sku" minLength:"1" maxLength:"100"`
		Batch string `json:"batch,omitempty" maxLength:"60" doc:"empty: every batch"`
		Note  string `json:"note" minLength:"1" maxLength:"500"`
	}
}

type endRecallInput struct {
	IDPath
	Body struct {
		Thaw bool `json:"thaw" doc:"pieces that it froze go back to where they stood"`
	}
}

func (s *Server) routesRecalls() {
	register(s, route{method: "GET", path: "/stock/recalls", id: "list-recalls", summary: "Recalls, the newest first", tag: "stock", access: only(auth.Inspector, auth.Claims, auth.Manager)},
		func(ctx context.Context, who caller, in *Listing) (*out[report.Page[report.RecallRow]], error) {
			return reply(s.report.Recalls(ctx, who.Scope, in.ask()))
		})
	register(s, route{method: "POST", path: "/stock/recalls", id: "recall-goods", summary: "Freeze every piece of a product or batch in one act, and those that come later", tag: "stock", access: manages},
		func(ctx context.Context, who caller, in *recallInput) (*out[report.Page[report.RecallRow]], error) {
			if s.d.Bench == nil {
				return nil, errNotWired
			}
			owner, sku, err := s.report.SKUNamed(ctx, in.Body.Owner, in.Body.SKU)
			if err == nil && !who.Scope.Covers(auth.Grant{Role: auth.Manager, Owner: owner}) {
				err = fault.New(fault.Denied, "recall_denied", "a recall reaches every warehouse of the owner, and your grants do not")
			}
			if err != nil {
				return nil, err
			}
			return write(ctx, s, func(ctx context.Context) error {
				_, err := s.d.Bench.Recall(ctx, qc.Recall{OwnerID: owner, SKUID: sku, Batch: in.Body.Batch, Note: in.Body.Note, ByUser: who.User})
				return err
			}, s.recalls(who))
		})
	register(s, route{method: "POST", path: "/stock/recalls/{id}/end", id: "end-recall", summary: "End a recall", tag: "stock", access: manages},
		func(ctx context.Context, who caller, in *endRecallInput) (*out[report.Page[report.RecallRow]], error) {
			if s.d.Bench == nil {
				return nil, errNotWired
			}
			owner, err := s.report.RecallOwner(ctx, who.Scope, in.ID)
			if err == nil && !who.Scope.Covers(auth.Grant{Role: auth.Manager, Owner: owner}) {
				err = fault.New(fault.Denied, "recall_denied", "a recall reaches every warehouse of the owner, and your grants do not")
			}
			if err != nil {
				return nil, err
			}
			return write(ctx, s, func(ctx context.Context) error { return s.d.Bench.EndRecall(ctx, in.ID, who.User, in.Body.Thaw) }, s.recalls(who))
		})
}

func (s *Server) recalls(who caller) func(context.Context) (report.Page[report.RecallRow], error) {
	return func(ctx context.Context) (report.Page[report.RecallRow], error) {
		return s.report.Recalls(ctx, who.Scope, report.Ask{})
	}
}

type placesQuery struct {
	Listing
	Warehouse string `query:"warehouse" required:"true" maxLength:"40"`
	Kind      string `query:"kind" maxLength:"40"`
	Q         string `query:"q" maxLength:"60" doc:"start of the code"`
}

func (s *Server) routesPlaces() {
	register(s, route{method: "GET", path: "/places", id: "list-places", summary: "Bins and totes of a warehouse by code", tag: "stock", access: seesGoods},
		func(ctx context.Context, who caller, in *placesQuery) (*out[report.Page[report.PlaceRow]], error) {
			return reply(s.report.Places(ctx, who.Scope, in.Warehouse, in.Kind, in.Q, in.ask()))
		})
}
