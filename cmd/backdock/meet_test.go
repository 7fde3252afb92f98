package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/scanner"
	station "github.com/backdock/backdock/scanner/wire"
)

// What belongs together and arrives at the same moment, at two servers, still finds each other: a parcel and the case that names its waybill, an order and its
// case. Whoever looks second sees what the first has brought.
func TestWhatArrivesTogetherFindsEachOther(t *testing.T) {
	w := newThrong(t, testkit.URL(t, db.Postgres), throngSeed())
	desk, ctx := w.servers[0].parts.desk, t.Context()
	r := rand.New(rand.NewPCG(w.seed, 5))
	producer := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
	st := w.site.benches[0]
	if _, err := desk.Hello(ctx, st.ID, station.FromStation{Op: station.OpHello, Producer: producer, NextSeq: 1}); err != nil {
		t.Fatal(err)
	}
	both := func(a, b func() error) {
		t.Helper()
		start := make(chan struct{})
		var wg sync.WaitGroup
		for _, act := range []func() error{a, b} {
			wg.Go(func() {
				<-start
				if err := act(); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
	}
	clean := func(rep intake.Report, err error) error {
		if err == nil && rep.Failed > 0 {
			err = fmt.Errorf("%+v", rep.Errors)
		}
		return err
	}
	seq := uint64(0)
	scan := func(codes ...string) error {
		for _, data := range codes {
			seq++
			s := scanner.Scan{Seq: seq, Device: "gun", Source: scanner.FromDevice, CapturedAt: clock.System{}.Now(), MonoMicros: int64(seq) * 1_000_000, Raw: []byte(data), Data: data, Charset: "utf-8"}
			if _, err := desk.Accept(ctx, st.ID, producer, 0, []scanner.Scan{s}); err != nil {
				return err
			}
		}
		return nil
	}
	for n := range 40 {
		late := w.site.cases[n%len(w.site.cases)]
		waybill := fmt.Sprintf("YT77%011d", n)
		late.Number, late.Waybills = fmt.Sprint("M", n), []intake.Waybill{{Carrier: "yto", Number: waybill, Role: "return"}}
		late.Decision = "submitted"
		both(func() error { return clean(w.servers[1].Importer().Cases(ctx, []intake.Case{late})) }, func() error { return scan(waybill) })
		var tied int
		w.must(w.db.Read.Raw(`SELECT count(*) FROM parcels p JOIN receipts r ON r.parcel_id = p.id JOIN cases c ON c.id = r.case_id
			WHERE p.waybill = ? AND p.kind = 'customer_return' AND c.number = ?`, waybill, late.Number).Scan(&tied).Error)
		if tied != 1 {
			t.Fatalf("round %d: the parcel and its case do not know each other", n)
		}
		w.must(scan(waybill, "BD:EMPTY"))

		order := w.site.orders[n%len(w.site.orders)]
		order.Number, order.Payments = fmt.Sprint("MO", n), nil
		own := late
		own.Shop, own.Number, own.Order, own.Waybills = order.Shop, fmt.Sprint("MC", n), order.Number, nil
		both(func() error { return clean(w.servers[0].Importer().Orders(ctx, []intake.Order{order})) },
			func() error { return clean(w.servers[1].Importer().Cases(ctx, []intake.Case{own})) })
		w.must(w.db.Read.Raw("SELECT count(*) FROM cases c JOIN orders o ON o.id = c.order_id WHERE c.number = ? AND o.number = ?", own.Number, order.Number).Scan(&tied).Error)
		if tied != 1 {
			t.Fatalf("round %d: the case and its order do not know each other", n)
		}
	}
}
