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
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/followup"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/receiving/report"
	"github.com/backdock/backdock/scanner"
)

type wireOptions struct {
	log      *slog.Logger
	gateways gateways
	notify   func(refund.Account) string
	pace     refund.Pace
	workers  int           // jobs at once; 0: this process only enqueues
	poll     time.Duration // of the job queue; 0: its default
}

// parts is the whole domain, wired by hand.
type parts struct {
	*store
	keeper *auth.Keeper
	ledger *inventory.Ledger
	desk   *desk.Desk
	qc     *qc.Bench
	engine *refund.Engine
	queue  *job.Queue
	o      wireOptions
}

// wire connects the rooms: events trigger followup, followup asks the refund engine, the engine enqueues in the same transaction.
func wire(s *store, o wireOptions) (*parts, error) {
	p := &parts{store: s, o: o, ledger: &inventory.Ledger{}}
	p.keeper = auth.New(s.db, s.log, s.clock, s.ring, auth.Options{})
	p.engine = refund.New(refund.Options{DB: s.db, Events: s.log, Clock: s.clock, Gateways: o.gateways.senders, NotifyURL: o.notify, Pace: o.pace, Log: o.log})
	workers := river.NewWorkers()
	p.engine.AddWorkers(workers)
	var err error
	if p.queue, err = job.New(s.db, workers, job.Options{Workers: o.workers, Poll: o.poll, Log: o.log}); err != nil {
		return nil, err
	}
	p.engine.Use(p.queue)
	s.log.On(followup.New(s.log, p.engine).Trigger)
	p.desk = desk.New(s.db, s.log, p.ledger, s.clock, desk.Options{Badge: p.keeper.Badge})
	p.qc = qc.New(s.db, s.log, p.ledger, p.refundGuard)
	return p, nil
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
		Claim: p.desk.Claim,
		Observe: func(ctx context.Context, tx *gorm.DB, o intake.Observed) error {
			_, err := p.engine.Observe(ctx, tx, refund.Observed{Account: refund.Account{Gateway: o.Gateway, Account: o.Account}, TransactionID: o.TransactionID, CaseID: o.Case,
				Origin: refund.OriginPlatform, ExternalID: o.ExternalID, AmountMinor: o.AmountMinor, Currency: o.Currency})
			return err
		},
	})
}

func (p *parts) deps(reg *prometheus.Registry) api.Deps {
	return api.Deps{DB: p.db, Log: p.log, Clock: p.clock, Auth: p.keeper, Ring: p.ring, Report: report.New(p.db, p.clock), Desk: benchDesk{p.desk}, QC: p.qc,
		Parcels: parcelOffice{p}, Cases: caseOffice{p}, Refunds: refundOffice{p}, Notices: notices{p}, Registry: reg, Logger: p.o.log, Version: Version}
}

// benchDesk gives the api the desk in its own words.
type benchDesk struct{ *desk.Desk }

func (b benchDesk) Accept(ctx context.Context, station id.Station, producer string, offsetMS int64, scans []scanner.Scan) (api.Answer, error) {
	a, err := b.Desk.Accept(ctx, station, producer, offsetMS, scans)
	return api.Answer(a), err
}

type parcelOffice struct{ p *parts }

func (o parcelOffice) Reopen(ctx context.Context, parcel id.Parcel, by id.User, reason string) error {
	return o.p.desk.Reopen(ctx, parcel, by, reason)
}

func (o parcelOffice) Claim(ctx context.Context, parcel id.Parcel, caseID id.Case, by id.User) error {
	return o.p.db.InTx(ctx, func(tx *gorm.DB) error { return o.p.desk.Claim(ctx, tx, caseID, parcel) })
}

type caseOffice struct{ p *parts }

func (o caseOffice) Decide(ctx context.Context, caseID id.Case, decision, note string, by id.User) error {
	verbs := map[string]func(context.Context, *gorm.DB) error{
		"approved": func(ctx context.Context, tx *gorm.DB) error {
			_, err := aftersales.Approve(ctx, tx, o.p.log, caseID, by, note)
			return err
		},
		"rejected": func(ctx context.Context, tx *gorm.DB) error {
			_, err := aftersales.Reject(ctx, tx, o.p.log, caseID, by, note)
			return err
		},
	}
	verb := verbs[decision]
	if verb == nil {
		return fault.New(fault.Invalid, "decision_unknown", "a case is approved or rejected")
	}
	return o.p.db.InTx(ctx, func(tx *gorm.DB) error { return verb(ctx, tx) })
}

type refundOffice struct{ p *parts }

func (o refundOffice) Authorize(ctx context.Context, r id.Refund, note string, by id.User) error {
	return o.p.db.InTx(ctx, func(tx *gorm.DB) error {
		_, err := o.p.engine.Authorize(ctx, tx, r, by, note)
		return err
	})
}

func (o refundOffice) Hold(ctx context.Context, r id.Refund, reason string, by id.User) error {
	return o.p.db.InTx(ctx, func(tx *gorm.DB) error {
		_, err := o.p.engine.Hold(ctx, tx, r, by, reason)
		return err
	})
}

func (o refundOffice) Release(ctx context.Context, r id.Refund, by id.User) error {
	return o.p.db.InTx(ctx, func(tx *gorm.DB) error {
		_, err := o.p.engine.Release(ctx, tx, r, by)
		return err
	})
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
