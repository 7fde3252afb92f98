package api

import (
	"context"
	"slices"

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
	Unit      string `query:"unit" maxLength:"40" doc:"license plate"`
	Warehouse string `query:"warehouse" maxLength:"40"`
	SKU       string `query:"sku" maxLength:"100"`
	Account   string `query:"account" maxLength:"40" doc:"either side"`
	Owner     string `query:"owner" maxLength:"40"`
}

func (s *Server) routesStock() {
	register(s, route{method: "GET", path: "/stock", id: "list-stock", summary: "Balances that are not zero", tag: "stock", access: seesStock},
		func(ctx context.Context, who caller, in *stockQuery) (*out[report.Page[report.StockRow]], error) {
			return reply(s.report.Stock(ctx, who.Scope, report.StockFilter{Warehouse: in.Warehouse, SKU: in.SKU, Account: in.Account, Owner: in.Owner}, in.ask()))
		})
	register(s, route{method: "GET", path: "/stock/movements", id: "list-movements", summary: "Entries of the ledger, the newest first", tag: "stock", access: seesStock},
		func(ctx context.Context, who caller, in *movementsQuery) (*out[report.Page[report.MovementRow]], error) {
			return reply(s.movements(ctx, who, in))
		})
	register(s, route{method: "GET", path: "/stock/availability", id: "list-availability", summary: "Stock per owner, warehouse and SKU for other systems: absolute values with a version", tag: "stock", access: seesStock},
		func(ctx context.Context, who caller, in *availabilityQuery) (*out[report.Page[report.AvailabilityRow]], error) {
			return reply(s.report.Availability(ctx, who.Scope, report.StockFilter{Warehouse: in.Warehouse, SKU: in.SKU, Owner: in.Owner}, in.ask()))
		})
	s.routesReservations()
	s.routesAdjustments()
	s.routesRecalls()
	s.routesCounts()
	s.routesPlaces()
}

type availabilityQuery struct {
	Listing
	Warehouse string `query:"warehouse" maxLength:"40"`
	SKU       string `query:"sku" maxLength:"100"`
	Owner     string `query:"owner" maxLength:"40"`
}

// movements lists entries of the ledger. Where a piece went says what the first inspector found: a second inspector does not see it.
func (s *Server) movements(ctx context.Context, who caller, in *movementsQuery) (report.Page[report.MovementRow], error) {
	p, err := s.report.Movements(ctx, who.Scope, report.MovementFilter{Unit: in.Unit, Warehouse: in.Warehouse, SKU: in.SKU, Account: in.Account, Owner: in.Owner}, in.ask())
	if err != nil || !who.blind() {
		return p, err
	}
	plates := make([]string, 0, len(p.Items))
	for _, m := range p.Items {
		if m.Plate != "" {
			plates = append(plates, m.Plate)
		}
	}
	hidden, err := s.report.Blinded(ctx, who.User, plates)
	p.Items = slices.DeleteFunc(p.Items, func(m report.MovementRow) bool { return slices.Contains(hidden, m.Plate) })
	return p, err
}
