package api

import (
	"context"
	"strconv"

	"github.com/backdock/backdock/api/live"
	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/receiving/report"
)

var seesBoard = only(auth.Manager, auth.Finance, auth.Service, auth.Admin)

type boardQuery struct {
	Warehouse string `query:"warehouse" required:"true" maxLength:"40"`
}

type eventsQuery struct {
	After int64 `query:"after" minimum:"0" doc:"seq of the last event the caller has"`
	Limit int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// EventRow is one event of the log with its place in it.
type EventRow struct {
	Seq int64 `json:"seq"`
	live.Event
}

func (s *Server) routesReports() {
	register(s, route{method: "GET", path: "/reports/board", id: "board", summary: "The live figures of a warehouse", tag: "reports", access: seesBoard},
		func(ctx context.Context, who caller, in *boardQuery) (*out[*report.Board], error) {
			w, err := s.report.WarehouseNamed(ctx, who.Scope, in.Warehouse)
			if err == nil {
				err = boardOf(w, who.Scope)
			}
			if err != nil {
				return nil, err
			}
			return reply(s.report.Board(ctx, w.ID))
		})
	register(s, route{method: "GET", path: "/events", id: "list-events", summary: "What happened, in order; next is the seq to go on after", tag: "events", access: seesGoods}, s.events)
}

// scanned bounds how many events one request looks at: a caller who may see few of them pages on.
const scanned = 5000

func (s *Server) events(ctx context.Context, who caller, in *eventsQuery) (*out[report.Page[EventRow]], error) {
	sight := sightOf(who.Principal)
	p := report.Page[EventRow]{Items: []EventRow{}}
	after := in.After
	for looked := 0; len(p.Items) < in.Limit && looked < scanned; {
		batch, err := s.d.Log.Tail(ctx, after, min(500, scanned-looked))
		if err != nil {
			return nil, err
		}
		for _, e := range batch {
			if len(p.Items) == in.Limit {
				break
			}
			after = e.Seq
			if sight.sees(e) {
				p.Items = append(p.Items, EventRow{Seq: e.Seq, Event: live.Public(e)})
			}
		}
		looked += len(batch)
		if len(batch) == 0 {
			break
		}
	}
	if after > in.After {
		p.Next = strconv.FormatInt(after, 10)
	}
	return reply(p, nil)
}

// eventRoles says who may see which kind of event: the second word of its type.
var eventRoles = map[string][]auth.Role{
	"parcel":   seesGoods.roles,
	"unit":     seesGoods.roles,
	"case":     seesCases.roles,
	"order":    seesCases.roles,
	"refund":   seesMoney.roles,
	"station":  {auth.Dock, auth.Clerk, auth.Inspector, auth.Putaway, auth.Service, auth.Manager, auth.Admin},
	"scan":     {auth.Dock, auth.Clerk, auth.Inspector, auth.Service, auth.Manager, auth.Admin},
	"handover": {auth.Dock, auth.Clerk, auth.Service, auth.Manager, auth.Admin},
	"waybill":  {auth.Dock, auth.Clerk, auth.Service, auth.Claims, auth.Manager, auth.Merchant, auth.Admin},
	"bench":    {auth.Manager, auth.Admin},
	"plates":   {auth.Manager, auth.Admin},
	"evidence": seesGoods.roles,
	"stock":    seesGoods.roles,
	"recall":   seesGoods.roles,
	// Who was found wrong by whom is for those who lead them.
	"inspection": {auth.Manager, auth.Admin},
	"task":       {auth.Service, auth.Claims, auth.Finance, auth.Manager, auth.Admin},
}

// sight is what a principal may see of the log.
type sight map[string]auth.Scope

func sightOf(p *auth.Principal) sight {
	s := sight{}
	for kind, roles := range eventRoles {
		s[kind] = p.Scope(roles...)
	}
	return s
}

func (s sight) sees(e event.Event) bool {
	return s[kindOf(e.Type)].Allows(e.WarehouseID, e.OwnerID, e.ShopID)
}

// kindOf takes "unit" from "backdock.unit.received.v1".
func kindOf(eventType string) string {
	rest := eventType[min(len("backdock."), len(eventType)):]
	for i := range rest {
		if rest[i] == '.' {
			return rest[:i]
		}
	}
	return rest
}
