package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// The two sizes that are compared: one year of a small merchant, and what a large warehouse keeps. Every fifth order has an open case; the others' cases are over.
const (
	smallOrders = 10_000
	largeOrders = 1_000_000
	openEvery   = 5
	aliasesPer  = 5 // waybill numbers for each order: out, back, and former ones
)

// growthSample is how many returns one run takes in: the p99 is its third slowest act.
const growthSample = 250

// growthActs are the acts whose time must not grow with what is stored. A further look-up is one more line: what a bench does, between opening and closing.
var growthActs = []struct {
	name string
	what string
	scan func(s *Stocked, k int) string
	want scanner.Code
}{
	{"open", "a waybill opens its parcel", func(s *Stocked, k int) string { return waybillOf(k) }, scanner.CodeParcelOpened},
	{"match", "a piece that the parcel awaits", func(s *Stocked, k int) string { return s.codes[k%skuCount] }, scanner.CodeMatched},
	{"judge", "a piece that it does not await", func(s *Stocked, k int) string { return s.codes[(k+skuCount/2)%skuCount] }, scanner.CodeWrongItem},
	{"close", "DONE, with the case counted", func(s *Stocked, k int) string { return done }, scanner.CodeClosed},
}

// growthFigures measure each act at a million orders beside the same at ten thousand.
func growthFigures() []Figure {
	var out []Figure
	for i, act := range growthActs {
		out = append(out, Figure{Name: "lookup_growth_1m_" + act.name, Unit: "ms", Better: Lower, Target: Target{Ratio: 1.5}, Rig: growthRig(i),
			What: fmt.Sprintf("p99 of one scan, %s; %d orders, %d open cases, %d waybill numbers on PostgreSQL, desk in this process; against %d orders", act.what, largeOrders,
				largeOrders/openEvery, largeOrders*aliasesPer, smallOrders)})
	}
	return out
}

func growthRig(act int) func(context.Context, *Floor) (*Rig, error) {
	return func(ctx context.Context, f *Floor) (*Rig, error) {
		if f.grown == nil {
			pair := [2]*Stocked{}
			for i, n := range []int{smallOrders, largeOrders} {
				s, err := newStocked(ctx, f, n)
				if err != nil {
					return nil, err
				}
				pair[i] = s
			}
			f.grown = &pair
		}
		side := func(s *Stocked) func(context.Context) (float64, error) {
			return func(ctx context.Context) (float64, error) { return s.p99(ctx, act) }
		}
		return &Rig{Baseline: side(f.grown[0]), Ours: side(f.grown[1])}, nil
	}
}

// Stocked is a desk on a store that holds many orders, with one bench.
type Stocked struct {
	*Scene
	url      string
	orders   int
	desk     *desk.Desk
	producer string
	seq      uint64
	run      int      // runs so far
	runs     []growth // what each run took
	read     [4]int   // runs that each act has reported
}

// growth is the milliseconds of each act of a run.
type growth [4][]float64

func newStocked(ctx context.Context, f *Floor, orders int) (*Stocked, error) {
	url, err := f.Postgres(ctx)
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, url, db.Options{})
	if err != nil {
		return nil, err
	}
	s := &Stocked{url: url, orders: orders, producer: id.Producer(), desk: newDesk(d)}
	if s.Scene, err = NewScene(ctx, d, 1, false); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	stations, err := s.Stations(ctx)
	if err == nil {
		err = s.fill(ctx)
	}
	if err == nil {
		_, err = s.desk.Hello(ctx, stations[0], wire.FromStation{Op: wire.OpHello, Producer: s.producer, NextSeq: 1, Clock: clock.System{}.Now()})
	}
	if err == nil {
		err = Settle(ctx, url)
	}
	if err == nil {
		_, err = s.takeIn(ctx, 30) // caches, first plans
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return s, nil
}

// waybillOf is the return number of the k-th open case.
func waybillOf(k int) string { return fmt.Sprintf("SF%013d", k*openEvery) }

// p99 gives an act's share of a run. Runs are shared by the acts: one return has all of them.
func (s *Stocked) p99(ctx context.Context, act int) (float64, error) {
	if s.read[act] == len(s.runs) {
		if err := Settle(ctx, s.url); err != nil {
			return 0, err
		}
		took, err := s.takeIn(ctx, growthSample)
		if err != nil {
			return 0, err
		}
		s.runs = append(s.runs, took)
	}
	n := s.read[act]
	s.read[act]++
	return quantile(s.runs[n][act], 0.99), nil
}

// takeIn receives returns from all over the open cases, each once.
func (s *Stocked) takeIn(ctx context.Context, n int) (growth, error) {
	var took growth
	open := s.orders / openEvery
	for range n {
		if s.run >= open {
			return took, fmt.Errorf("all %d returns are taken in: fewer -runs are needed", open)
		}
		k := s.run * stride % open
		s.run++
		for i, act := range growthActs {
			s.seq++
			now := clock.System{}.Now()
			data := act.scan(s, k)
			scan := scanner.Scan{Seq: s.seq, Device: "main", Source: scanner.FromDevice, CapturedAt: now, MonoMicros: int64(s.seq) * 1_000_000, Raw: []byte(data), Data: data, Charset: "utf-8"}
			begin := clock.Mono()
			a, err := s.desk.Accept(ctx, 1, s.producer, 0, []scanner.Scan{scan})
			if err != nil {
				return took, err
			}
			took[i] = append(took[i], float64(clock.Mono()-begin)/1000)
			if got := a.Outcomes[0].Code; got != act.want {
				return took, fmt.Errorf("%s of return %d: %s, want %s", act.name, k, got, act.want)
			}
		}
	}
	return took, nil
}

// stride has no factor in common with the numbers of open cases, so that returns come from all over the store.
const stride = 7919

// fill writes the orders with all that hangs on them, by the server itself. Foreign keys and triggers are off while it does so: everything fits by construction.
func (s *Stocked) fill(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '256MB'"); err != nil {
		return err
	}
	back, err := dropIndexes(ctx, conn)
	if err != nil {
		return err
	}
	const some = "FROM generate_series(0, %[1]d - 1) AS k"
	for _, sql := range []string{
		`INSERT INTO orders (id, owner_id, shop_id, number, state, currency, placed_at) SELECT %[2]d + k, 1, 1, 'B' || lpad(k::text, 9, '0'), 'delivered', 'CNY', now() - interval '10 days' ` + some,
		`INSERT INTO order_lines (id, order_id, line_no, sku_id, quantity, price_minor, paid_minor, approved_quantity, approved_minor)
 SELECT %[3]d + k, %[2]d + k, 1, %[4]d + k / %[5]d %% %[6]d, 1, 9900, 9900, 1, 9900 ` + some,
		`INSERT INTO shipments (id, owner_id, carrier, waybill, state, shipped_at) SELECT 1 + k, 1, 'sf', 'SFO' || lpad(k::text, 12, '0'), 'delivered', now() - interval '9 days' ` + some,
		`INSERT INTO shipment_lines (shipment_id, order_id, order_line_id, quantity) SELECT 1 + k, %[2]d + k, %[3]d + k, 1 ` + some,
		`INSERT INTO cases (id, owner_id, shop_id, warehouse_id, number, order_id, type, reason, decision, goods, judgement, money, requested_minor, approved_minor, submitted_at)
 SELECT %[7]d + k, 1, 1, 1, 'C' || lpad(k::text, 9, '0'), %[2]d + k, 'return_refund', 'size_fit', 'approved', CASE WHEN k %% %[5]d = 0 THEN 'in_transit' ELSE 'inspected' END,
 CASE WHEN k %% %[5]d = 0 THEN 'none' ELSE 'passed' END, CASE WHEN k %% %[5]d = 0 THEN 'none' ELSE 'returned' END, 9900, 9900, now() - interval '2 days' ` + some,
		`INSERT INTO case_lines (id, case_id, order_line_id, sku_id, quantity, received, requested_minor, approved_minor)
 SELECT %[8]d + k, %[7]d + k, %[3]d + k, %[4]d + k / %[5]d %% %[6]d, 1, CASE WHEN k %% %[5]d = 0 THEN 0 ELSE 1 END, 9900, 9900 ` + some,
		`INSERT INTO waybill_aliases (number, carrier, role, case_id, valid_from, source) SELECT 'SF' || lpad(k::text, 13, '0'), 'sf', 'return', %[7]d + k, now() - interval '2 days', 'import' ` + some,
		`INSERT INTO waybill_aliases (number, carrier, role, shipment_id, valid_from, source) SELECT 'SFO' || lpad(k::text, 12, '0'), 'sf', 'outbound', 1 + k, now() - interval '9 days', 'import' ` + some,
		`INSERT INTO waybill_aliases (number, carrier, role, case_id, valid_from, valid_to, source) SELECT 'YT' || n || lpad(k::text, 12, '0'), 'yto', 'return', %[7]d + k,
 now() - interval '9 days', now() - interval '3 days', 'import' FROM generate_series(1, %[9]d) AS n, generate_series(0, %[1]d - 1) AS k`,
		`INSERT INTO parcels (id, warehouse_id, owner_id, kind, state, carrier, waybill, bench_id, opened_at, closed_at, expected, received, pieces, created_at)
 SELECT 1 + k, 1, 1, 'customer_return', 'closed', 'sf', 'SF' || lpad(k::text, 13, '0'), %[10]d, now() - interval '1 day', now() - interval '1 day', 1, 1, 1, now() - interval '1 day' ` + some + ` WHERE k %% %[5]d <> 0`,
		`INSERT INTO receipts (id, parcel_id, case_id, order_id, created_at) SELECT 1 + k, 1 + k, %[7]d + k, %[2]d + k, now() - interval '1 day' ` + some + ` WHERE k %% %[5]d <> 0`,
		`INSERT INTO receipt_lines (id, receipt_id, parcel_id, case_line_id, order_line_id, sku_id, expected, received)
 SELECT 1 + k, 1 + k, 1 + k, %[8]d + k, %[3]d + k, %[4]d + k / %[5]d %% %[6]d, 1, 1 ` + some + ` WHERE k %% %[5]d <> 0`,
		`INSERT INTO units (plate, owner_id, warehouse_id, sku_id, state, account, finding, parcel_id, receipt_line_id, case_id, case_line_id, bench_id, received_at, moved_at)
 SELECT 'X' || lpad(k::text, 12, '0'), 1, 1, %[4]d + k / %[5]d %% %[6]d, 'available', 'available', 'match', 1 + k, 1 + k, %[7]d + k, %[8]d + k, %[10]d, now() - interval '1 day', now() - interval '1 day' ` + some + ` WHERE k %% %[5]d <> 0`,
	} {
		sql = fmt.Sprintf(sql, s.orders, firstOrder, firstLine, firstSKU, openEvery, skuCount, firstCase, firstCaseLine, aliasesPer-2, firstBench)
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("fill: %.80s: %w", sql, err)
		}
	}
	for _, sql := range back {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return s.countFrom(ctx, "parcels", firstParcel, "units", firstUnit, "receipts", firstReceipt, "receipt_lines", firstReceipt, "shipments", largeOrders*2)
}

// dropIndexes drops what is no constraint and returns the statements that bring it back: building an index once is much quicker than row by row.
func dropIndexes(ctx context.Context, conn *pgx.Conn) (back []string, err error) {
	rows, err := conn.Query(ctx, `SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = 'public'
 AND i.tablename IN ('orders', 'order_lines', 'shipments', 'shipment_lines', 'cases', 'case_lines', 'waybill_aliases', 'parcels', 'receipts', 'receipt_lines', 'units')
 AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname) ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	var name, def string
	var names []string
	_, err = pgx.ForEachRow(rows, []any{&name, &def}, func() error {
		names, back = append(names, name), append(back, def)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if _, err := conn.Exec(ctx, "DROP INDEX "+pgx.Identifier{n}.Sanitize()); err != nil {
			return nil, err
		}
	}
	return back, nil
}
