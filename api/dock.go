package api

import (
	"context"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/receiving/report"
	"github.com/backdock/backdock/receiving/track"
)

type dockQuery struct {
	Warehouse string `query:"warehouse" required:"true" maxLength:"40"`
	Limit     int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type handoversQuery struct {
	Listing
	Warehouse string `query:"warehouse" required:"true" maxLength:"40"`
}

// CheckpointInput is one thing that a carrier says of a waybill.
type CheckpointInput struct {
	Carrier string    `json:"carrier,omitempty" maxLength:"40" doc:"courier code; empty when the source does not tell"`
	Waybill string    `json:"waybill" minLength:"1" maxLength:"64"`
	Code    string    `json:"code" enum:"picked_up,in_transit,out_for_delivery,exception,refused,delivered,returned"`
	At      time.Time `json:"at"`
	Place   string    `json:"place,omitempty" maxLength:"200"`
	Parent  string    `json:"parent,omitempty" maxLength:"64" doc:"number of the consignment that this box belongs to"`
}

type checkpointsInput struct {
	Body struct {
		Checkpoints []CheckpointInput `json:"checkpoints" minItems:"1" maxItems:"1000"`
	}
}

type dockPolicyInput struct {
	Warehouse string `path:"warehouse" maxLength:"40"`
	Body      report.DockPolicy
}

var seesDock = only(auth.Dock, auth.Clerk, auth.Service, auth.Manager, auth.Admin)

func (s *Server) routesDock() {
	register(s, route{method: "GET", path: "/parcels/queue", id: "parcel-queue", summary: "Parcels at the dock in the order in which benches fetch them: platform deadline, age, value", tag: "parcels", access: seesDock},
		func(ctx context.Context, who caller, in *dockQuery) (*out[report.QueueList], error) {
			w, err := s.report.WarehouseNamed(ctx, who.Scope, in.Warehouse)
			if err != nil {
				return nil, err
			}
			return reply(s.report.Queue(ctx, who.Scope, w.ID, in.Limit))
		})
	register(s, route{method: "GET", path: "/reports/unscanned", id: "unscanned", summary: "Waybills signed for and not scanned at the dock in time, the oldest first", tag: "reports", access: seesDock},
		func(ctx context.Context, who caller, in *dockQuery) (*out[report.UnscannedList], error) {
			w, err := s.report.WarehouseNamed(ctx, who.Scope, in.Warehouse)
			if err != nil {
				return nil, err
			}
			return reply(s.report.Unscanned(ctx, who.Scope, w.ID, in.Limit))
		})
	register(s, route{method: "GET", path: "/handovers", id: "list-handovers", summary: "What drivers handed over, the newest first", tag: "parcels", access: seesDock},
		func(ctx context.Context, who caller, in *handoversQuery) (*out[report.Page[report.HandoverRow]], error) {
			w, err := s.report.WarehouseNamed(ctx, who.Scope, in.Warehouse)
			if err == nil {
				err = boardOf(w, who.Scope) // a hand-over mixes every owner's parcels
			}
			if err != nil {
				return nil, err
			}
			return reply(s.report.Handovers(ctx, w.ID, in.ask()))
		})
	register(s, route{method: "POST", path: "/tracking/checkpoints", id: "record-checkpoints", summary: "Take what carriers say of waybills, in any order and any number of times", tag: "parcels", access: only(auth.Manager, auth.Admin)}, s.recordCheckpoints)
	register(s, route{method: "PUT", path: "/warehouses/{warehouse}/dock-policy", id: "set-dock-policy", summary: "Say how long the dock may take to scan what it has signed for", tag: "reports", access: only(auth.Manager, auth.Admin)}, s.setDockPolicy)
}

func (s *Server) recordCheckpoints(ctx context.Context, who caller, in *checkpointsInput) (*out[track.Recorded], error) {
	if s.d.Tracks == nil {
		return nil, errNotWired
	}
	list := make([]track.Checkpoint, len(in.Body.Checkpoints))
	for i, c := range in.Body.Checkpoints {
		list[i] = track.Checkpoint(c)
	}
	// Recording is idempotent by its content, so a key adds nothing; the answer says what was new this time.
	return reply(s.d.Tracks.Record(ctx, "api", list))
}

func (s *Server) setDockPolicy(ctx context.Context, who caller, in *dockPolicyInput) (*out[report.DockPolicy], error) {
	if s.d.Tracks == nil {
		return nil, errNotWired
	}
	w, err := s.report.WarehouseNamed(ctx, who.Scope, in.Warehouse)
	if err == nil {
		err = boardOf(w, who.Scope)
	}
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error { return s.d.Tracks.SetPolicy(ctx, w.ID, track.Policy(in.Body)) },
		func(context.Context) (report.DockPolicy, error) { return in.Body, nil })
}
