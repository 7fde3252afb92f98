package desk_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/intake/sample"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// floor is a desk with a sample day imported and a station at every bench.
type floor struct {
	t     *testing.T
	d     *db.DB
	desk  *desk.Desk
	clock *clock.Fake
	day   sample.Day
	im    *intake.Importer
	bench map[int]*bench
}

// bench sends scans as a station does.
type bench struct {
	station  id.Station
	producer string
	seq      uint64
	mono     int64
	last     string // plate
}

func newFloor(t *testing.T, d *db.DB) *floor {
	f := &floor{t: t, d: d, clock: clock.NewFake(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)), bench: map[int]*bench{}}
	log := event.NewLog(d, f.clock)
	f.desk = desk.New(d, log, &inventory.Ledger{}, f.clock, desk.Options{})
	ring, err := secret.Parse(secret.Generate())
	must(t, err)
	f.im = intake.New(d, log, ring, intake.Hooks{Claim: f.desk.Claim})
	f.day = sample.Make(sample.Options{Now: f.clock.Now()})
	must(t, f.im.Site(t.Context(), f.day.Site))
	f.load(f.im.Catalogue(t.Context(), f.day.Catalogue))
	f.load(f.im.Orders(t.Context(), f.day.Orders))
	f.load(f.im.Cases(t.Context(), f.day.Cases))
	var benches []receiving.Bench
	must(t, d.Read.Where("kind = 'receiving'").Order("number").Find(&benches).Error)
	for _, b := range benches {
		f.bench[b.Number] = f.station(b)
	}
	return f
}

func (f *floor) load(r intake.Report, err error) {
	f.t.Helper()
	must(f.t, err)
	if r.Failed > 0 {
		f.t.Fatalf("sample: %+v", r.Errors[0])
	}
}

func (f *floor) station(b receiving.Bench) *bench {
	st := receiving.Station{Name: fmt.Sprint("station ", b.Number), WarehouseID: b.WarehouseID, BenchID: b.ID, Devices: "[]", CreatedAt: f.clock.Now()}
	must(f.t, f.d.InTx(f.t.Context(), func(tx *gorm.DB) error { return tx.Omit("token_hash").Create(&st).Error }))
	x := &bench{station: st.ID, producer: id.Producer()}
	_, err := f.desk.Hello(f.t.Context(), x.station, wire.FromStation{Op: wire.OpHello, Producer: x.producer, NextSeq: 1})
	must(f.t, err)
	return x
}

// next makes the scan of a bench: after is the pause since the one before.
func (b *bench) next(f *floor, aim, data string, after time.Duration) scanner.Scan {
	b.seq++
	b.mono += max(after, 50*time.Millisecond).Microseconds()
	return scanner.Scan{Seq: b.seq, Device: "main", Source: scanner.FromDevice, CapturedAt: f.clock.Now(), MonoMicros: b.mono, Raw: []byte(aim + data), Data: data,
		Charset: "utf-8", Symbology: aim}
}

func (f *floor) accept(ctx context.Context, b *bench, scans ...scanner.Scan) []scanner.Outcome {
	f.t.Helper()
	a, err := f.desk.Accept(ctx, b.station, b.producer, 0, scans)
	must(f.t, err)
	if len(a.Outcomes) != len(scans) || a.LastSeq != scans[len(scans)-1].Seq {
		f.t.Fatalf("%d outcomes to %d scans, last seq %d", len(a.Outcomes), len(scans), a.LastSeq)
	}
	return a.Outcomes
}

// Every scene of the sample day gets the answer the script says, and the ledgers agree with the scans.
func TestTheSampleDay(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d)
		f.play()
		f.settled()
	})
}

func (f *floor) play() {
	late := f.day.Late
	for n, step := range f.day.Script {
		b := f.bench[step.Bench]
		f.clock.Add(time.Second)
		out := f.accept(f.t.Context(), b, b.next(f, step.AIM, step.Fill(b.last), step.After))[0]
		if out.Code != step.Want {
			f.t.Errorf("step %d, scene %s, bench %d: %q got %s %v, want %s", n, step.Scene, step.Bench, step.Fill(b.last), out.Code, out.Params, step.Want)
		}
		for _, e := range out.Effects {
			if e.Kind == scanner.EffectUnitBooked {
				b.last = e.Plate
			}
		}
		for len(late) > 0 && late[0].After == n {
			f.load(f.im.Cases(f.t.Context(), []intake.Case{late[0].Case}))
			late = late[1:]
		}
	}
}

// settled checks the books: a unit per booked piece, balances as the movements say, each unit in its account.
func (f *floor) settled() {
	f.t.Helper()
	var units, booked, undone int64
	must(f.t, f.d.Read.Table("units").Count(&units).Error)
	must(f.t, f.d.Read.Table("outcomes").Where("effects LIKE '%unit_booked%'").Count(&booked).Error)
	must(f.t, f.d.Read.Table("units").Where("state = 'undone'").Count(&undone).Error)
	if units != booked || units-undone < 400 {
		f.t.Errorf("%d units, %d booked, %d undone", units, booked, undone)
	}
	var wrong int64
	must(f.t, f.d.Read.Raw(`SELECT count(*) FROM balances b WHERE b.quantity <>
		(SELECT COALESCE(SUM(CASE WHEN m.to_account = b.account THEN m.quantity ELSE -m.quantity END), 0) FROM movements m
		 WHERE m.owner_id = b.owner_id AND m.warehouse_id = b.warehouse_id AND m.sku_id = b.sku_id AND b.account IN (m.to_account, m.from_account))`).Scan(&wrong).Error)
	if wrong != 0 {
		f.t.Errorf("%d balances do not equal their movements", wrong)
	}
	must(f.t, f.d.Read.Raw(`SELECT count(*) FROM units u WHERE u.account <> (SELECT m.to_account FROM movements m WHERE m.unit_id = u.id ORDER BY m.id DESC LIMIT 1)`).Scan(&wrong).Error)
	if wrong != 0 {
		f.t.Errorf("%d units are not where their last movement says", wrong)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
