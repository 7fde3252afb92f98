package api

import (
	"context"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/receiving/report"
)

type parcelsQuery struct {
	Listing
	State     string `query:"state" maxLength:"40"`
	Warehouse string `query:"warehouse" maxLength:"40"`
	Q         string `query:"q" maxLength:"100" doc:"parcel number, waybill or shelf"`
	Unclaimed bool   `query:"unclaimed" doc:"only parcels that nobody owns yet"`
}

// ParcelPath names a parcel.
type ParcelPath struct {
	Number string `path:"number" maxLength:"40"`
}

type reopenInput struct {
	ParcelPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

type claimInput struct {
	ParcelPath
	Body struct {
		Case string `json:"case" minLength:"1" maxLength:"100" doc:"case number"`
		Shop string `json:"shop,omitempty" maxLength:"100" doc:"shop code, where several shops have a case of that number"`
	}
}

func (s *Server) routesParcels() {
	register(s, route{method: "GET", path: "/parcels", id: "list-parcels", summary: "Parcels, the newest first", tag: "parcels", access: seesGoods},
		func(ctx context.Context, who caller, in *parcelsQuery) (*out[report.Page[report.ParcelRow]], error) {
			return reply(s.report.Parcels(ctx, who.Scope, report.ParcelFilter{State: in.State, Warehouse: in.Warehouse, Query: in.Q, Unclaimed: in.Unclaimed}, in.ask()))
		})
	register(s, route{method: "GET", path: "/parcels/{number}", id: "get-parcel", summary: "A parcel with what was in it", tag: "parcels", access: seesGoods},
		func(ctx context.Context, who caller, in *ParcelPath) (*out[*report.ParcelDetail], error) {
			return reply(s.report.Parcel(ctx, who.Scope, in.Number))
		})
	register(s, route{method: "POST", path: "/parcels/{number}/reopen", id: "reopen-parcel", summary: "Open a closed parcel again", tag: "parcels", access: only(auth.Manager)}, s.reopenParcel)
	register(s, route{method: "POST", path: "/parcels/{number}/claim", id: "claim-parcel", summary: "Say whose a parcel without an owner is; its pieces are judged again", tag: "parcels",
		access: only(auth.Service, auth.Clerk, auth.Manager)}, s.claimParcel)
}

func (s *Server) reopenParcel(ctx context.Context, who caller, in *reopenInput) (*out[*report.ParcelDetail], error) {
	if s.d.Parcels == nil {
		return nil, errNotWired
	}
	p, err := s.report.ParcelAt(ctx, who.Scope, in.Number)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error { return s.d.Parcels.Reopen(ctx, p, who.User, in.Body.Reason) },
		func(ctx context.Context) (*report.ParcelDetail, error) {
			return s.report.Parcel(ctx, who.Scope, in.Number)
		})
}

func (s *Server) claimParcel(ctx context.Context, who caller, in *claimInput) (*out[*report.ParcelDetail], error) {
	if s.d.Parcels == nil {
		return nil, errNotWired
	}
	p, err := s.report.ParcelAt(ctx, who.Scope, in.Number)
	if err != nil {
		return nil, err
	}
	c, err := s.report.CaseAt(ctx, who.Scope, in.Body.Case, in.Body.Shop)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error { return s.d.Parcels.Claim(ctx, p, c, who.User) },
		func(ctx context.Context) (*report.ParcelDetail, error) {
			return s.report.Parcel(ctx, who.Scope, in.Number)
		})
}
