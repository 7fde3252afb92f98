package api

import (
	"context"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/report"
)

var movesMoney = only(auth.Finance, auth.Manager)

type refundsQuery struct {
	Listing
	State     string `query:"state" maxLength:"40"`
	Warehouse string `query:"warehouse" maxLength:"40"`
	Q         string `query:"q" maxLength:"100" doc:"refund, case or order number from its start"`
	Stray     bool   `query:"stray" doc:"only refunds that others made and no case explains"`
}

// RefundPath names a refund.
type RefundPath struct {
	Number string `path:"number" maxLength:"100"`
}

type noteInput struct {
	RefundPath
	Body struct {
		Note string `json:"note" maxLength:"500"`
	}
}

type reasonInput struct {
	RefundPath
	Body struct {
		Reason string `json:"reason" maxLength:"500"`
	}
}

type cancelInput struct {
	RefundPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type proofInput struct {
	RefundPath
	Body struct {
		Proof string `json:"proof" minLength:"1" maxLength:"200" doc:"number of the transfer or receipt; the second person checks it"`
	}
}

type attributeInput struct {
	RefundPath
	Body struct {
		Case string `json:"case" minLength:"1" maxLength:"100" doc:"case number"`
		Shop string `json:"shop,omitempty" maxLength:"100" doc:"shop code, where several shops have a case of that number"`
	}
}

func (s *Server) routesRefunds() {
	register(s, route{method: "GET", path: "/refunds", id: "list-refunds", summary: "Refunds, the newest first", tag: "refunds", access: seesMoney},
		func(ctx context.Context, who caller, in *refundsQuery) (*out[report.Page[report.RefundRow]], error) {
			return reply(s.report.Refunds(ctx, who.Scope, who.User, report.RefundFilter{State: in.State, Warehouse: in.Warehouse, Query: in.Q, Stray: in.Stray}, in.ask()))
		})
	register(s, route{method: "GET", path: "/refunds/{number}", id: "get-refund", summary: "A refund with every exchange with the gateway", tag: "refunds", access: seesMoney},
		func(ctx context.Context, who caller, in *RefundPath) (*out[*report.RefundDetail], error) {
			return reply(s.report.Refund(ctx, who.Scope, who.User, in.Number))
		})
	register(s, route{method: "POST", path: "/refunds/{number}/authorize", id: "authorize-refund", summary: "Let a refund go out; whoever asked for it cannot", tag: "refunds", access: movesMoney},
		func(ctx context.Context, who caller, in *noteInput) (*out[*report.RefundDetail], error) {
			return s.onRefund(ctx, who, in.Number, func(ctx context.Context, f id.Refund) error {
				return s.d.Refunds.Authorize(ctx, f, in.Body.Note, who.User)
			})
		})
	register(s, route{method: "POST", path: "/refunds/{number}/hold", id: "hold-refund", summary: "Keep an authorized refund from going out", tag: "refunds", access: movesMoney},
		func(ctx context.Context, who caller, in *reasonInput) (*out[*report.RefundDetail], error) {
			return s.onRefund(ctx, who, in.Number, func(ctx context.Context, f id.Refund) error {
				return s.d.Refunds.Hold(ctx, f, in.Body.Reason, who.User)
			})
		})
	register(s, route{method: "POST", path: "/refunds/{number}/release", id: "release-refund", summary: "Let a held refund go on", tag: "refunds", access: movesMoney},
		func(ctx context.Context, who caller, in *RefundPath) (*out[*report.RefundDetail], error) {
			return s.onRefund(ctx, who, in.Number, func(ctx context.Context, f id.Refund) error { return s.d.Refunds.Release(ctx, f, who.User) })
		})
	s.routesRefundEnds()
}

// routesRefundEnds adds what is done with refunds that do not go the ordinary way.
func (s *Server) routesRefundEnds() {
	register(s, route{method: "POST", path: "/refunds/{number}/cancel", id: "cancel-refund", summary: "Withdraw a refund that never went out", tag: "refunds", access: movesMoney},
		func(ctx context.Context, who caller, in *cancelInput) (*out[*report.RefundDetail], error) {
			return s.onRefund(ctx, who, in.Number, func(ctx context.Context, f id.Refund) error {
				return s.d.Refunds.Cancel(ctx, f, in.Body.Reason, who.User)
			})
		})
	register(s, route{method: "POST", path: "/refunds/{number}/replace", id: "replace-refund", tag: "refunds", access: movesMoney,
		summary: "Ask again, under a new number, for a refund whose route is proven closed; answers the successor, which another person authorizes"},
		func(ctx context.Context, who caller, in *RefundPath) (*out[*report.RefundDetail], error) {
			return s.succeedRefund(ctx, who, in.Number, func(ctx context.Context, f id.Refund) error { return s.d.Refunds.Replace(ctx, f, who.User) })
		})
	register(s, route{method: "POST", path: "/refunds/{number}/pay-by-hand", id: "pay-refund-by-hand", tag: "refunds", access: movesMoney,
		summary: "Record that a refund whose route is proven closed was paid another way; answers the successor, which counts as paid when another person authorizes it"},
		func(ctx context.Context, who caller, in *proofInput) (*out[*report.RefundDetail], error) {
			return s.succeedRefund(ctx, who, in.Number, func(ctx context.Context, f id.Refund) error {
				return s.d.Refunds.PayByHand(ctx, f, in.Body.Proof, who.User)
			})
		})
	register(s, route{method: "POST", path: "/refunds/{number}/attribute", id: "attribute-refund", summary: "Tie a refund that others made to its case", tag: "refunds", access: movesMoney},
		func(ctx context.Context, who caller, in *attributeInput) (*out[*report.RefundDetail], error) {
			c, err := s.report.CaseAt(ctx, who.Scope, in.Body.Case, in.Body.Shop)
			if err != nil {
				return nil, err
			}
			return s.onRefund(ctx, who, in.Number, func(ctx context.Context, f id.Refund) error { return s.d.Refunds.Attribute(ctx, f, c, who.User) })
		})
}

func (s *Server) onRefund(ctx context.Context, who caller, number string, verb func(context.Context, id.Refund) error) (*out[*report.RefundDetail], error) {
	return s.changeRefund(ctx, who, number, verb, func(ctx context.Context) (*report.RefundDetail, error) {
		return s.report.Refund(ctx, who.Scope, who.User, number)
	})
}

// succeedRefund answers the successor that verb makes.
func (s *Server) succeedRefund(ctx context.Context, who caller, number string, verb func(context.Context, id.Refund) error) (*out[*report.RefundDetail], error) {
	return s.changeRefund(ctx, who, number, verb, func(ctx context.Context) (*report.RefundDetail, error) {
		old, err := s.report.Refund(ctx, who.Scope, who.User, number)
		if err != nil {
			return nil, err
		}
		return s.report.Refund(ctx, who.Scope, who.User, old.ReplacedBy)
	})
}

func (s *Server) changeRefund(ctx context.Context, who caller, number string, verb func(context.Context, id.Refund) error, render func(context.Context) (*report.RefundDetail, error)) (*out[*report.RefundDetail], error) {
	if s.d.Refunds == nil {
		return nil, errNotWired
	}
	f, err := s.report.RefundAt(ctx, who.Scope, number)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error { return verb(ctx, f) }, render)
}
