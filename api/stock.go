package api

import (
	"context"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/receiving/report"
)

var seesStock = only(auth.Inspector, auth.Putaway, auth.Service, auth.Claims, auth.Finance, auth.Manager, auth.Merchant, auth.Admin)

type stockQuery struct {
	Listing
	Warehouse string `query:"warehouse" maxLength:"40"`
	SKU       string `query:"sku" maxLength:"100"`
	Account   string `query:"account" maxLength:"40"`
	Owner     string `query:"owner" maxLength:"40"`
}

type movementsQuery struct {
	Listing
	Unit string `query:"unit" maxLength:"40" doc:"license plate"`
}

func (s *Server) routesStock() {
	register(s, route{method: "GET", path: "/stock", id: "list-stock", summary: "Balances that are not zero", tag: "stock", access: seesStock},
		func(ctx context.Context, who caller, in *stockQuery) (*out[report.Page[report.StockRow]], error) {
			return reply(s.report.Stock(ctx, who.Scope, report.StockFilter{Warehouse: in.Warehouse, SKU: in.SKU, Account: in.Account, Owner: in.Owner}, in.ask()))
		})
	register(s, route{method: "GET", path: "/stock/movements", id: "list-movements", summary: "Entries of the ledger, the newest first", tag: "stock", access: seesStock},
		func(ctx context.Context, who caller, in *movementsQuery) (*out[report.Page[report.MovementRow]], error) {
			return reply(s.report.Movements(ctx, who.Scope, in.Unit, in.ask()))
		})
}
