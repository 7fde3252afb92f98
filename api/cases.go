package api

import (
	"context"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/receiving/report"
)

type ordersQuery struct {
	Listing
	State string `query:"state" maxLength:"40"`
	Q     string `query:"q" maxLength:"100" doc:"order number from its start, outbound waybill, or the buyer's whole phone number"`
}

// NumberPath names an order or a case.
type NumberPath struct {
	Number string `path:"number" maxLength:"100"`
	Shop   string `query:"shop" maxLength:"100" doc:"shop code, where several shops have this number"`
}

type casesQuery struct {
	Listing
	Decision  string `query:"decision" maxLength:"40"`
	Goods     string `query:"goods" maxLength:"40"`
	Judgement string `query:"judgement" maxLength:"40"`
	Money     string `query:"money" maxLength:"40"`
	Type      string `query:"type" maxLength:"40"`
	Reason    string `query:"reason" maxLength:"40"`
	Warehouse string `query:"warehouse" maxLength:"40"`
	Q         string `query:"q" maxLength:"100" doc:"case or order number from its start, or a waybill"`
}

type decisionInput struct {
	NumberPath
	Body struct {
		Decision string `json:"decision" enum:"approved,rejected"`
		Note     string `json:"note" maxLength:"500"`
	}
}

func (s *Server) routesCases() {
	register(s, route{method: "GET", path: "/orders", id: "list-orders", summary: "Orders, the newest first", tag: "orders", access: seesCases},
		func(ctx context.Context, who caller, in *ordersQuery) (*out[report.Page[report.OrderRow]], error) {
			return reply(s.report.Orders(ctx, who.Scope, report.OrderFilter{Query: in.Q, Phone: s.d.Ring.Phone(in.Q), State: in.State}, in.ask()))
		})
	register(s, route{method: "GET", path: "/orders/{number}", id: "get-order", summary: "An order with its money, its parcels and its cases", tag: "orders", access: seesCases},
		func(ctx context.Context, who caller, in *NumberPath) (*out[*report.OrderDetail], error) {
			return reply(s.report.Order(ctx, who.Scope, in.Number, in.Shop))
		})
	register(s, route{method: "GET", path: "/cases", id: "list-cases", summary: "Cases, the newest first", tag: "cases", access: seesCases},
		func(ctx context.Context, who caller, in *casesQuery) (*out[report.Page[report.CaseRow]], error) {
			f := report.CaseFilter{Decision: in.Decision, Goods: in.Goods, Judgement: in.Judgement, Money: in.Money, Type: in.Type, Reason: in.Reason, Warehouse: in.Warehouse, Query: in.Q}
			return reply(s.report.Cases(ctx, who.Scope, f, in.ask()))
		})
	register(s, route{method: "GET", path: "/cases/{number}", id: "get-case", summary: "A case with its order, goods, money and history", tag: "cases", access: seesCases},
		func(ctx context.Context, who caller, in *NumberPath) (*out[*report.CaseDetail], error) {
			return reply(s.report.Case(ctx, who.Scope, who.User, in.Number, in.Shop))
		})
	register(s, route{method: "POST", path: "/cases/{number}/decision", id: "decide-case", summary: "Approve or reject a case", tag: "cases", access: only(auth.Service, auth.Manager)}, s.decideCase)
}

func (s *Server) decideCase(ctx context.Context, who caller, in *decisionInput) (*out[*report.CaseDetail], error) {
	if s.d.Cases == nil {
		return nil, errNotWired
	}
	c, err := s.report.CaseAt(ctx, who.Scope, in.Number, in.Shop)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error {
		return s.d.Cases.Decide(ctx, c, in.Body.Decision, in.Body.Note, who.User)
	},
		func(ctx context.Context) (*report.CaseDetail, error) {
			return s.report.Case(ctx, who.Scope, who.User, in.Number, in.Shop)
		})
}
