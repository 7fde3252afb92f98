package api

import (
	"context"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/receiving/report"
)

type parkedQuery struct {
	Listing
	Warehouse string `query:"warehouse" maxLength:"40"`
}

// ScanPath names a scan for ever: the station's journal and its number there.
type ScanPath struct {
	Producer string `path:"producer" maxLength:"40"`
	Seq      int64  `path:"seq" minimum:"1"`
}

type rerunInput struct {
	ScanPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"what was mended"`
	}
}

type dismissInput struct {
	ScanPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"why nothing is to come of it"`
	}
}

var mendsScans = only(auth.Manager)

func (s *Server) routesScans() {
	register(s, route{method: "GET", path: "/scans/parked", id: "list-parked-scans", summary: "Scans that could not be decided, the oldest first", tag: "scans", access: mendsScans},
		func(ctx context.Context, who caller, in *parkedQuery) (*out[report.Page[report.ScanRow]], error) {
			return reply(s.report.ParkedScans(ctx, who.Scope, in.Warehouse, in.ask()))
		})
	register(s, route{method: "GET", path: "/scans/{producer}/{seq}", id: "get-scan", summary: "A scan and the answer to it", tag: "scans", access: mendsScans},
		func(ctx context.Context, who caller, in *ScanPath) (*out[report.ScanRow], error) {
			return reply(s.report.Scan(ctx, who.Scope, in.Producer, in.Seq))
		})
	register(s, route{method: "POST", path: "/scans/{producer}/{seq}/rerun", id: "rerun-scan", summary: "Decide a parked scan again, once what made it fail is mended", tag: "scans", access: mendsScans}, s.rerunScan)
	register(s, route{method: "POST", path: "/scans/{producer}/{seq}/dismiss", id: "dismiss-scan", summary: "End a parked scan that is not to be decided any more", tag: "scans", access: mendsScans}, s.dismissScan)
}

func (s *Server) rerunScan(ctx context.Context, who caller, in *rerunInput) (*out[report.ScanRow], error) {
	return s.mendScan(ctx, who, in.ScanPath, func(ctx context.Context) error {
		return s.d.Scans.Rerun(ctx, in.Producer, uint64(in.Seq), who.User, in.Body.Reason)
	})
}

func (s *Server) dismissScan(ctx context.Context, who caller, in *dismissInput) (*out[report.ScanRow], error) {
	return s.mendScan(ctx, who, in.ScanPath, func(ctx context.Context) error {
		return s.d.Scans.Dismiss(ctx, in.Producer, uint64(in.Seq), who.User, in.Body.Reason)
	})
}

// mendScan does something with a scan that this person may see, and answers with what it is then.
func (s *Server) mendScan(ctx context.Context, who caller, in ScanPath, do func(context.Context) error) (*out[report.ScanRow], error) {
	if s.d.Scans == nil {
		return nil, errNotWired
	}
	if _, err := s.report.Scan(ctx, who.Scope, in.Producer, in.Seq); err != nil {
		return nil, err
	}
	return write(ctx, s, do, func(ctx context.Context) (report.ScanRow, error) {
		return s.report.Scan(ctx, who.Scope, in.Producer, in.Seq)
	})
}
