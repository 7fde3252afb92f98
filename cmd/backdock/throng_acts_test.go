package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/office"
	"github.com/backdock/backdock/scanner"
	station "github.com/backdock/backdock/scanner/wire"
)

// crowd lets the benches work; everybody else goes on until they have finished.
func (w *throng) crowd() {
	benches, batches := throngSize()
	var clerks, others sync.WaitGroup
	ctx, home := context.WithCancel(w.t.Context())
	defer home()
	for n := range benches {
		clerks.Go(func() { w.clerk(rand.New(rand.NewPCG(w.seed, uint64(n))), w.site.benches[n], batches) })
	}
	for n, act := range []func(*rand.Rand, *server){w.inspect, w.inspect, w.inspect, w.decide, w.parcels, w.parcels, w.money, w.imports, w.imports, w.presence, w.notices, w.sweep} {
		r := rand.New(rand.NewPCG(w.seed, uint64(1000+n)))
		others.Go(func() {
			for ctx.Err() == nil {
				if s := w.one(r); s != nil {
					act(r, s)
				}
			}
		})
	}
	others.Go(func() { w.restarts(ctx) })
	clerks.Wait()
	home()
	others.Wait()
}

// restarts closes one server after the other and starts it again.
func (w *throng) restarts(ctx context.Context) {
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(700 * time.Millisecond):
		}
		w.stop(n % 2)
		w.start(n % 2)
	}
}

// script draws what a clerk scans next. Waybills come twice in a row as often as not: a second scan insists, which takes a parcel from another bench.
func (w *throng) script(r *rand.Rand, n int) (out []string) {
	for len(out) < n {
		switch p := r.IntN(100); {
		case p < 14:
			b := w.site.waybills[r.IntN(len(w.site.waybills))]
			out = append(out, b)
			if r.IntN(2) == 0 {
				out = append(out, b)
			}
		case p < 64:
			out = append(out, w.site.codes[r.IntN(len(w.site.codes))])
		case p < 76:
			out = append(out, "BD:DONE")
		case p < 82:
			out = append(out, "BD:UNDO")
		case p < 86:
			out = append(out, "BD:CONDITION:"+scanner.Conditions[r.IntN(len(scanner.Conditions))])
		case p < 89:
			out = append(out, "BD:HOLD")
		case p < 92:
			out = append(out, "BD:RESUME")
		case p < 95:
			out = append(out, "BD:+1")
		case p < 96:
			out = append(out, "BD:EMPTY")
		case p < 98:
			out = append(out, fmt.Sprintf("JT%013d", r.IntN(12)), "BD:UNKNOWN-OWNER")
		default:
			out = append(out, "BD:CHOOSE:1")
		}
	}
	return out[:n]
}

// clerk sends batches of one journal, now to one server and now to the other. What got no answer is sent again: nothing is lost and nothing counted twice.
func (w *throng) clerk(r *rand.Rand, st receiving.Station, batches int) {
	producer := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
	for s := w.one(r); s != nil; s = w.one(r) {
		_, err := s.parts.desk.Hello(w.t.Context(), st.ID, station.FromStation{Op: station.OpHello, Producer: producer, NextSeq: 1})
		w.did(s, "hello", err)
		if err == nil {
			break
		}
	}
	seq := uint64(0)
	for range batches {
		codes := w.script(r, 1+r.IntN(16))
		scans := make([]scanner.Scan, len(codes))
		for i, data := range codes {
			seq++
			scans[i] = scanner.Scan{Seq: seq, Device: "gun", Source: scanner.FromDevice, CapturedAt: clock.System{}.Now(), MonoMicros: int64(seq) * 1_000_000, Raw: []byte(data), Data: data, Charset: "utf-8"}
		}
		for len(scans) > 0 && w.t.Context().Err() == nil {
			s := w.one(r)
			if s == nil {
				return
			}
			a, err := s.parts.desk.Accept(w.t.Context(), st.ID, producer, 0, scans)
			w.did(s, "batch", err)
			scans = scans[len(a.Outcomes):]
		}
	}
}

// inspect grades a piece, or takes an inspection back.
func (w *throng) inspect(r *rand.Rand, s *server) {
	ctx := w.t.Context()
	var u []inventory.Unit
	state := [][]string{{"quarantine", "custody"}, {"quarantine", "custody"}, {"available", "second_grade", "repair"}}[r.IntN(3)]
	if err := w.db.Read.WithContext(ctx).Where("state IN ?", state).Order("random()").Limit(1).Find(&u).Error; err != nil || len(u) == 0 {
		pause(err)
		return
	}
	by := w.user(r.IntN(5))
	if state[0] == "available" {
		_, err := s.parts.qc.Undo(ctx, u[0].Plate, by, "again", u[0].Version)
		w.did(s, "undo inspection", err)
		return
	}
	d := qc.Decision{Plate: u[0].Plate, Grade: qc.Grades[r.IntN(4)], Checks: map[string]bool{"hygiene_seal": true, "tags_on": true}, Note: "n", Version: u[0].Version, By: by, Manager: true}
	_, err := s.parts.qc.Inspect(ctx, d)
	w.did(s, "inspect", err)
}

// pause lets others go first where there is nothing to do.
func pause(error) { time.Sleep(2 * time.Millisecond) }

func (w *throng) some(r *rand.Rand, sql string) (n int64) {
	var ids []int64
	if err := w.db.Read.WithContext(w.t.Context()).Raw(sql + " ORDER BY random() LIMIT 1").Scan(&ids).Error; err != nil || len(ids) == 0 {
		pause(err)
		return 0
	}
	return ids[0]
}

// decide approves and rejects cases.
func (w *throng) decide(r *rand.Rand, s *server) {
	c := w.some(r, "SELECT id FROM cases")
	err := office.NewCases(s.parts.db, s.parts.log).Decide(w.t.Context(), id.Case(c), []string{"approved", "approved", "rejected"}[r.IntN(3)], "n", w.user(r.IntN(5)))
	w.did(s, "decide", err)
}

// parcels opens closed parcels again and claims those of unknown owner.
func (w *throng) parcels(r *rand.Rand, s *server) {
	k := office.NewParcels(s.parts.db, s.parts.desk)
	if r.IntN(2) == 0 {
		if p := w.some(r, "SELECT id FROM parcels WHERE state = 'closed'"); p != 0 {
			w.did(s, "reopen", k.Reopen(w.t.Context(), id.Parcel(p), w.user(r.IntN(5)), "again"))
		}
		return
	}
	if p := w.some(r, "SELECT id FROM parcels WHERE kind = 'unknown'"); p != 0 {
		w.did(s, "claim", k.Claim(w.t.Context(), id.Parcel(p), id.Case(w.some(r, "SELECT id FROM cases")), w.user(r.IntN(5))))
	}
}

// money authorizes, holds, releases and cancels refunds, and gives those that others made to a case.
func (w *throng) money(r *rand.Rand, s *server) {
	k, ctx, by := office.NewRefunds(s.parts.db, s.parts.engine), w.t.Context(), w.user(r.IntN(5))
	act := r.IntN(5)
	f := id.Refund(w.some(r, "SELECT id FROM refunds WHERE "+[]string{"state = 'requested'", "state = 'authorized'", "state = 'held'", "state IN ('requested', 'held')",
		"origin <> 'ours' AND case_id IS NULL"}[act]))
	if f == 0 {
		return
	}
	switch act {
	case 0:
		w.did(s, "authorize", k.Authorize(ctx, f, "n", by))
	case 1:
		w.did(s, "hold", k.Hold(ctx, f, "n", by))
	case 2:
		w.did(s, "release", k.Release(ctx, f, by))
	case 3:
		w.did(s, "cancel", k.Cancel(ctx, f, "n", by))
	default:
		c := w.some(r, fmt.Sprintf("SELECT c.id FROM cases c JOIN order_payments p ON p.order_id = c.order_id WHERE p.payment_id = (SELECT payment_id FROM refunds WHERE id = %d)", f))
		w.did(s, "attribute", k.Attribute(ctx, f, id.Case(c), by))
	}
}

// imports tells orders and cases again in an order of its own: withdrawn and approved again, paid back elsewhere, under new waybills, with orders nobody knew.
func (w *throng) imports(r *rand.Rand, s *server) {
	ctx, im := w.t.Context(), s.Importer()
	var orders []intake.Order
	var cases []intake.Case
	for range 4 {
		orders = append(orders, w.site.orders[r.IntN(len(w.site.orders))])
		c := w.site.cases[r.IntN(len(w.site.cases))]
		c.Decision = []string{"approved", "withdrawn", "submitted"}[r.IntN(3)]
		if r.IntN(4) == 0 {
			c.RefundedElsewhereMinor = int64(1 + r.IntN(3000))
		}
		if r.IntN(2) == 0 {
			c.Waybills = append(c.Waybills[:2:2], intake.Waybill{Carrier: "jt", Number: fmt.Sprintf("JT%013d", r.IntN(12)), Role: "return"})
		}
		cases = append(cases, c)
	}
	fresh, late := w.site.orders[r.IntN(len(w.site.orders))], w.site.cases[r.IntN(len(w.site.cases))]
	fresh.Number = fmt.Sprintf("N%d", r.IntN(200))
	fresh.Shop, fresh.Payments = late.Shop, nil
	late.Number, late.Order, late.Waybills = fmt.Sprintf("L%d", r.IntN(200)), fmt.Sprintf("N%d", r.IntN(200)), []intake.Waybill{{Number: fmt.Sprintf("JT%013d", r.IntN(12))}}
	orders, cases = append(orders, fresh), append(cases, late)
	_, err := im.Orders(ctx, orders)
	w.did(s, "import orders", err)
	rep, err := im.Cases(ctx, cases)
	w.did(s, "import cases", err)
	for _, p := range rep.Errors {
		w.did(s, "case", fault.New(fault.Conflict, p.Code, "refused"))
	}
}

// presence comes and goes.
func (w *throng) presence(r *rand.Rand, s *server) {
	st, k, ctx := w.site.benches[r.IntN(len(w.site.benches))].ID, s.Keeper(), w.t.Context()
	w.did(s, "online", k.StationOnline(ctx, st, "c1", "test", "[]"))
	w.did(s, "sweep stations", k.SweepStations(ctx))
	w.did(s, "offline", k.StationOffline(ctx, st, "c1"))
	time.Sleep(time.Millisecond)
}

// notices brings what the bank tells: of our refunds, and now and then of one that somebody made in the bank's own console.
func (w *throng) notices(r *rand.Rand, s *server) {
	n, ok := w.bank.notice()
	if ok {
		w.did(s, "notice", s.parts.engine.Notified(w.t.Context(), tillAccount, n))
	}
	if ok && r.IntN(8) == 0 {
		n.MessageID, n.Key, n.AmountMinor = id.Hex(8), "CONSOLE"+id.Hex(6), int64(1+r.IntN(20))
		n.Result.ExternalID = n.Key
		w.did(s, "foreign notice", s.parts.engine.Notified(w.t.Context(), tillAccount, n))
	}
	time.Sleep(3 * time.Millisecond)
}

// sweep looks for refunds without a job.
func (w *throng) sweep(_ *rand.Rand, s *server) {
	w.did(s, "sweep refunds", s.parts.engine.Sweep(w.t.Context()))
	time.Sleep(5 * time.Millisecond)
}
