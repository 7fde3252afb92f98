package api

import (
	"context"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/receiving/track"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// Desk takes the scans of stations.
type Desk interface {
	Hello(ctx context.Context, station id.Station, hello wire.FromStation) (wire.FromServer, error)
	Stored(ctx context.Context, producer string, after uint64, limit int) ([]scanner.Outcome, error)
	Accept(ctx context.Context, station id.Station, producer string, offsetMS int64, scans []scanner.Scan) (desk.Answer, error)
	Lease(ctx context.Context, station id.Station, count int) (wire.Block, error)
	View(ctx context.Context, bench id.Bench) (scanner.BenchView, error)
}

// ExpectedFeed tells stations what their warehouse awaits.
type ExpectedFeed interface {
	Page(ctx context.Context, w id.Warehouse, h *wire.Hasher, after string) (p wire.ExpectedPage, news bool, err error)
	Sweep(ctx context.Context) error
}

// Inspector grades units.
type Inspector interface {
	Inspect(ctx context.Context, d qc.Decision) (qc.Inspection, error)
	Undo(ctx context.Context, plate string, by id.User, reason string, version int64) (qc.Inspection, error)
}

// ParcelOffice holds the verbs on parcels that need more than a scan.
type ParcelOffice interface {
	Reopen(ctx context.Context, parcel id.Parcel, by id.User, reason string) error
	Claim(ctx context.Context, parcel id.Parcel, caseID id.Case, by id.User) error
}

// CaseOffice decides cases.
type CaseOffice interface {
	Decide(ctx context.Context, caseID id.Case, decision, note string, by id.User) error
}

// RefundOffice holds what people do with refunds.
type RefundOffice interface {
	RefundGate
	RefundEnds
	Attribute(ctx context.Context, refund id.Refund, caseID id.Case, by id.User) error
}

// RefundEnds is for refunds that do not go the ordinary way.
type RefundEnds interface {
	Cancel(ctx context.Context, refund id.Refund, reason string, by id.User) error
	Replace(ctx context.Context, refund id.Refund, by id.User) error
	PayByHand(ctx context.Context, refund id.Refund, proof string, by id.User) error
}

// ScanOffice takes up scans that were set aside.
type ScanOffice interface {
	Rerun(ctx context.Context, producer string, seq uint64, by id.User, reason string) error
	Dismiss(ctx context.Context, producer string, seq uint64, by id.User, reason string) error
}

// TrackOffice takes what carriers say of waybills.
type TrackOffice interface {
	Record(ctx context.Context, source string, list []track.Checkpoint) (track.Recorded, error)
	SetPolicy(ctx context.Context, w id.Warehouse, p track.Policy) error
}

// RefundGate lets refunds go, or not.
type RefundGate interface {
	Authorize(ctx context.Context, refund id.Refund, note string, by id.User) error
	Hold(ctx context.Context, refund id.Refund, reason string, by id.User) error
	Release(ctx context.Context, refund id.Refund, by id.User) error
}

// PaymentNotices takes what a payment gateway says of its own accord. answer goes back as it is; an error becomes the gateway's own form of "send it again".
type PaymentNotices interface {
	Notice(ctx context.Context, gateway, account string, header map[string]string, body []byte) (status int, contentType string, answer []byte)
}

var errNotWired = fault.New(fault.Unavailable, "not_wired", "this server does not serve that")

var (
	seesCases = only(auth.Inspector, auth.Service, auth.Claims, auth.Finance, auth.Manager, auth.Merchant, auth.Admin)
	seesMoney = only(auth.Service, auth.Claims, auth.Finance, auth.Manager, auth.Merchant, auth.Admin)
)
