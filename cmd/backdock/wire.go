package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/job"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/inventory/stock"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/followup"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/receiving/evidence"
	"github.com/backdock/backdock/receiving/expected"
	"github.com/backdock/backdock/receiving/label"
	"github.com/backdock/backdock/receiving/office"
	"github.com/backdock/backdock/receiving/report"
	"github.com/backdock/backdock/receiving/track"
	"github.com/backdock/backdock/receiving/unclaimed"
	"github.com/backdock/backdock/receiving/work"
)

type wireOptions struct {
	log      *slog.Logger
	gateways gateways
	notify   func(refund.Account) string
	pace     refund.Pace
	workers  int            // jobs at once; 0: this process only enqueues
	poll     time.Duration  // of the job queue; 0: its default
	photos   evidence.Store // nil: this process takes and shows none
	limits   evidence.Limits
}

// parts is the whole domain, wired by hand.
type parts struct {
	*store
	keeper   *auth.Keeper
	ledger   *inventory.Ledger
	desk     *desk.Desk
	qc       *qc.Bench
	floor    *place.Floor
	stock    *stock.Keeper
	engine   *refund.Engine
	strays   *unclaimed.Keeper
	queue    *job.Queue
	track    *track.Keeper
	work     *work.Projection
	evidence *evidence.Office
	o        wireOptions
}

// wire connects the rooms: events trigger followup, followup asks the refund engine, the engine enqueues in the same transaction.
func wire(s *store, o wireOptions) (*parts, error) {
	p := &parts{store: s, o: o, ledger: &inventory.Ledger{}}
	p.keeper = auth.New(s.db, s.log, s.clock, s.ring, auth.Options{})
	p.engine = refund.New(refund.Options{DB: s.db, Events: s.log, Clock: s.clock, Gateways: o.gateways.senders, NotifyURL: o.notify, Pace: o.pace, Log: o.log})
	workers := river.NewWorkers()
	p.engine.AddWorkers(workers)
	p.track = track.New(s.db, s.log, s.clock, s.codes)
	p.track.AddWorkers(workers)
	p.work = work.New(s.db, s.log)
	p.strays = unclaimed.New(s.db, s.log, s.clock, p.ledger, s.ring)
	p.strays.AddWorkers(workers)
	var err error
	if p.queue, err = job.New(s.db, workers, job.Options{Workers: o.workers, Poll: o.poll, Log: o.log, Periodic: []*river.PeriodicJob{track.Periodic(), unclaimed.Periodic()}}); err != nil {
		return nil, err
	}
	p.engine.Use(p.queue)
	s.log.On(followup.New(s.log, p.engine).Trigger)
	s.log.On(p.track.Trigger)
	p.evidence = evidence.New(s.db, s.log, s.clock, o.photos, o.limits, o.log)
	s.log.On(p.evidence.Trigger)
	p.qc = qc.New(s.db, s.log, p.ledger, p.refundGuard)
	p.qc.Use(holdCase)
	p.qc.Keep(evidence.Guard)
	p.stock = stock.New(s.db, s.log, p.ledger)
	p.qc.UseFree(p.stock.Free)
	p.floor = place.NewFloor(s.log, p.ledger)
	p.floor.Use(qc.NoSecondLook)
	p.floor.Use(evidence.Guard)
	p.desk = desk.New(s.db, s.log, p.ledger, s.clock, desk.Options{Badge: p.keeper.Badge, Codes: s.codes, QC: p.qc, Floor: p.floor, Owners: unclaimed.NewSearch(s.codes).Candidates})
	p.strays.Keep(evidence.Guard)
	return p, nil
}

// holdCase locks the case of a unit: an inspection moves it.
func holdCase(ctx context.Context, tx *gorm.DB, u inventory.Unit) error {
	if u.CaseID == nil {
		return nil
	}
	_, err := aftersales.Locked(ctx, tx, *u.CaseID)
	return err
}

// refundGuard keeps an inspection from being undone once the money that rests on it is on its way.
func (p *parts) refundGuard(ctx context.Context, tx *gorm.DB, u inventory.Unit) error {
	r, ok, err := refund.OfUnit(tx.WithContext(ctx), u.ID)
	if err != nil {
		return err
	}
	if ok && (r.State.Out() || r.State.Paid()) {
		return fault.New(fault.Conflict, "refund_sending", "the refund %s for unit %s is %s; undo is no longer possible", r.Number, u.Plate, r.State)
	}
	return nil
}

func (p *parts) importer() *intake.Importer {
	return intake.New(p.db, p.log, p.ring, intake.Hooks{
		Claim:         p.desk.Claim,
		ClaimShipment: p.desk.ClaimShipment,
		Adopt:         p.desk.Adopt,
		Hold:          p.desk.Hold,
		Codes:         p.codes,
		Observe: func(ctx context.Context, tx *gorm.DB, caseID id.Case, totalMinor int64) error {
			_, err := p.engine.Observe(ctx, tx, refund.Observed{CaseID: caseID, Origin: refund.OriginPlatform, AmountMinor: totalMinor})
			return err
		},
	})
}

func (p *parts) deps(reg *prometheus.Registry) api.Deps {
	return api.Deps{DB: p.db, Log: p.log, Clock: p.clock, Auth: p.keeper, Ring: p.ring, Report: report.New(p.db, p.clock), Desk: p.desk, Expected: expected.New(p.db, p.clock), QC: p.qc, Bench: p.qc, Stock: p.stock,
		Parcels: office.NewParcels(p.db, p.desk), Unclaimed: office.NewUnclaimed(p.db, p.desk, p.strays), Cases: office.NewCases(p.db, p.log), Refunds: office.NewRefunds(p.db, p.engine), Scans: office.NewScans(p.desk), Plates: label.NewManager(p.db, p.log, p.clock), Tracks: p.track, Notices: notices{p}, Evidence: p.evidence, Registry: reg, Logger: p.o.log, Version: Version}
}

// notices takes payment callbacks: verified by the account's gateway, stored and acted on by the engine, answered in the gateway's own form.
type notices struct{ p *parts }

func (n notices) Notice(ctx context.Context, gateway, account string, header map[string]string, body []byte) (int, string, []byte) {
	// The path says wechat, as its payment product is called; the accounts file says wechatpay, as the protocol is.
	if gateway == "wechat" {
		gateway = "wechatpay"
	}
	key := refund.Account{Gateway: gateway, Account: account}
	notifier := n.p.o.gateways.notifiers[key]
	if notifier == nil {
		return http.StatusNotFound, "application/json", []byte(`{"code":"FAIL","message":"no such account"}`)
	}
	h := http.Header{}
	for name, value := range header {
		h.Set(name, value)
	}
	notice, err := notifier.ParseNotify(ctx, h, body)
	if err == nil {
		err = n.p.engine.Notified(ctx, key, notice)
	}
	if err != nil {
		n.p.o.log.WarnContext(ctx, "payment notice refused", "gateway", gateway, "account", account, "error", err)
	}
	status, answer := notifier.Ack(err)
	return status, "application/json", answer
}
