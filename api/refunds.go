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

func (s *Server) routesRefunds() {
	register(s, route{method: "GET", path: "/refunds", id: "list-refunds", summary: "Refunds, the newest first", tag: "refunds", access: seesMoney},
		func(ctx context.Context, who caller, in *refundsQuery) (*out[report.Page[report.RefundRow]], error) {
			return reply(s.report.Refunds(ctx, who.Scope, who.User, report.RefundFilter{State: in.State, Warehouse: in.Warehouse, Query: in.Q}, in.ask()))
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
}

func (s *Server) onRefund(ctx context.Context, who caller, number string, verb func(context.Context, id.Refund) error) (*out[*report.RefundDetail], error) {
	if s.d.Refunds == nil {
		return nil, errNotWired
	}
	f, err := s.report.RefundAt(ctx, who.Scope, number)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error { return verb(ctx, f) },
		func(ctx context.Context) (*report.RefundDetail, error) {
			return s.report.Refund(ctx, who.Scope, who.User, number)
		})
}
