package audit_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/job"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales/followup"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/intake/sample"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/audit"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// house is everything that writes, wired as the server wires it, without the network.
type house struct {
	t       *testing.T
	d       *db.DB
	clock   *clock.Fake
	desk    *desk.Desk
	qc      *qc.Bench
	intake  *intake.Importer
	day     sample.Day
	benches map[int]*station
	inspect id.User
}

type station struct {
	id       id.Station
	producer string
	seq      uint64
	mono     int64
	plate    string // of the last piece
}

func newHouse(t *testing.T, d *db.DB) *house {
	t.Helper()
	h := &house{t: t, d: d, clock: clock.NewFake(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)), benches: map[int]*station{}}
	log, ledger := event.NewLog(d, h.clock), &inventory.Ledger{}
	engine := refund.New(refund.Options{DB: d, Events: log, Clock: h.clock})
	workers := river.NewWorkers()
	engine.AddWorkers(workers)
	queue, err := job.New(d, workers, job.Options{}) // inserts only: nothing is sent
	h.must(err)
	engine.Use(queue)
	log.On(followup.New(log, engine).Trigger)
	h.desk = desk.New(d, log, ledger, h.clock, desk.Options{})
	h.qc = qc.New(d, log, ledger)
	ring, err := secret.Parse(secret.Generate())
	h.must(err)
	h.intake = intake.New(d, log, ring, intake.Hooks{Claim: h.desk.Claim, Observe: func(ctx context.Context, tx *gorm.DB, c id.Case, totalMinor int64) error {
		_, err := engine.Observe(ctx, tx, refund.Observed{CaseID: c, Origin: refund.OriginPlatform, AmountMinor: totalMinor})
		return err
	}})
	h.seed()
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) clean(r intake.Report, err error) {
	h.t.Helper()
	if err != nil || r.ErrorsTotal+r.WarningsTotal > 0 {
		h.t.Fatalf("%v, %+v %+v", err, r.Errors, r.Warnings)
	}
}

func (h *house) seed() {
	h.day = sample.Make(sample.Options{Now: h.clock.Now()})
	h.must(h.intake.Site(h.t.Context(), h.day.Site))
	h.clean(h.intake.Catalogue(h.t.Context(), h.day.Catalogue))
	h.clean(h.intake.Orders(h.t.Context(), h.day.Orders))
	h.clean(h.intake.Cases(h.t.Context(), h.day.Cases))
	var benches []receiving.Bench
	h.must(h.d.Read.Where("kind = 'receiving'").Find(&benches).Error)
	for _, b := range benches {
		st := receiving.Station{Name: fmt.Sprint("station ", b.Number), WarehouseID: b.WarehouseID, BenchID: b.ID, Devices: "[]", CreatedAt: h.clock.Now()}
		h.must(h.d.InTx(h.t.Context(), func(tx *gorm.DB) error {
			if h.inspect == 0 {
				err := tx.Raw("INSERT INTO users (username, display, password_hash, created_at) VALUES ('qc', '质检员', 'x', ?) RETURNING id", h.clock.Now()).Scan(&h.inspect).Error
				if err != nil {
					return err
				}
			}
			return tx.Omit("token_hash").Create(&st).Error
		}))
		s := &station{id: st.ID, producer: id.Producer()}
		_, err := h.desk.Hello(h.t.Context(), s.id, wire.FromStation{Op: wire.OpHello, Producer: s.producer, NextSeq: 1})
		h.must(err)
		h.benches[b.Number] = s
	}
}

// play scans the whole script and compares each answer with what the script promises.
func (h *house) play() {
	late := h.day.Late
	for n, step := range h.day.Script {
		b := h.benches[step.Bench]
		h.clock.Add(time.Second)
		b.seq++
		b.mono += max(step.After, 50*time.Millisecond).Microseconds()
		data := step.Fill(b.plate)
		a, err := h.desk.Accept(h.t.Context(), b.id, b.producer, 0, []scanner.Scan{{Seq: b.seq, Device: "main", Source: scanner.FromDevice, CapturedAt: h.clock.Now(), MonoMicros: b.mono,
			Raw: []byte(step.AIM + data), Data: data, Charset: "utf-8", Symbology: step.AIM}})
		h.must(err)
		out := a.Outcomes[0]
		if out.Code != step.Want {
			h.t.Errorf("step %d, scene %s: %q got %s %v, want %s", n, step.Scene, data, out.Code, out.Params, step.Want)
		}
		for _, e := range out.Effects {
			if e.Kind == scanner.EffectUnitBooked {
				b.plate = e.Plate
			}
		}
		for len(late) > 0 && late[0].After == n {
			h.clean(h.intake.Cases(h.t.Context(), []intake.Case{late[0].Case}))
			late = late[1:]
		}
	}
}

// judge inspects most units, by turns of grade, and takes some inspections back.
func (h *house) judge() {
	var units []inventory.Unit
	h.must(h.d.Read.Where("state IN ('quarantine', 'custody')").Order("id").Find(&units).Error)
	for n, u := range units {
		if n%10 == 9 {
			continue // left for tomorrow
		}
		grade := []string{"A", "A", "B", "A", "C", "A", "D"}[n%7]
		disposition := ""
		if u.State == inventory.Custody {
			disposition = qc.ReturnToCustomer
		}
		var sku catalogue.SKU
		h.must(h.d.Read.Where("id = ?", u.SKUID).Take(&sku).Error)
		checks := map[string]bool{}
		for _, c := range qc.Checklist(sku.Category) {
			checks[c.Key] = true
		}
		i, err := h.qc.Inspect(h.t.Context(), qc.Decision{Plate: u.Plate, Grade: grade, Disposition: disposition, Checks: checks, Note: "见照片", Version: u.Version, By: h.inspect, Manager: true})
		if u.Finding == string(receiving.Unclaimed) { // leaves with its parcel, by two persons
			if fault.Code(err) != "owner_unknown" {
				h.t.Errorf("unit %s of nobody known is inspected: %v", u.Plate, err)
			}
			continue
		}
		h.must(err)
		if n%8 == 5 {
			if _, err := h.qc.Undo(h.t.Context(), u.Plate, h.inspect, "看错了", i.UnitVersion); err != nil && !fault.IsKind(err, fault.Conflict) {
				h.t.Fatal(err)
			}
		}
	}
}

// A whole day (imports, scans, late cases, claims, refunds asked for, inspections and their undoing) leaves books in which everything holds.
func TestTheSampleDayIsClean(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		check := func(when string) {
			rep, err := audit.RunAt(t.Context(), d, h.clock.Now().Add(-time.Hour)) // nobody numbers events here
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range rep.Breaches {
				t.Errorf("%s: %+v", when, b)
			}
		}
		check("after the import")
		h.play()
		check("after the scans")
		h.judge()
		check("after the inspections")
		var refunds, units int64
		d.Read.Table("refunds").Where("origin = 'ours'").Count(&refunds)
		d.Read.Table("units").Where("state <> 'undone'").Count(&units)
		if refunds < 100 || units != int64(h.day.Pieces-4) {
			t.Errorf("%d refunds asked for, %d units of %d pieces", refunds, units, h.day.Pieces)
		}
	})
}
