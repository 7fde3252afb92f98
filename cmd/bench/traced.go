package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// Versions and sequences that the traced scan meets, far from every other number.
const (
	tracedVersion = 8_000_000
	tracedSeq     = 7_000_000
)

// Traced is what the desk sends to the database for one piece of an open parcel, in one transaction: the statements, and which of their values every other
// scan has differently.
type Traced struct {
	Statements []db.Statement
	Bind       []Binding
	parcel     receiving.Parcel // as it stood
}

// lab is a desk in this process on a store that is traced.
type lab struct {
	scene    *Scene
	tracer   *Tracer
	desk     *desk.Desk
	clerk    *Clerk
	station  id.Station
	stations []id.Station
	producer string
}

func newLab(ctx context.Context, url string, benches int, oneSKU bool) (*lab, error) {
	l := &lab{tracer: &Tracer{}, producer: id.Producer()}
	d, err := db.Open(ctx, url, db.Options{Trace: l.tracer.See})
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if l.scene, err = NewScene(ctx, d, benches, oneSKU); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if l.stations, err = l.scene.Stations(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	l.station = l.stations[0]
	if err := l.scene.countFrom(ctx, "parcels", firstParcel, "units", firstUnit, "receipt_lines", firstReceipt, "events", firstEvent); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	l.clerk = &Clerk{scene: l.scene}
	l.desk = newDesk(d)
	return l, nil
}

func newDesk(d *db.DB) *desk.Desk {
	return desk.New(d, event.NewLog(d, clock.System{}), new(inventory.Ledger), clock.System{}, desk.Options{})
}

// countFrom makes the ids of tables begin at a number: pairs of table and first id.
func (s *Scene) countFrom(ctx context.Context, pairs ...any) error {
	return s.DB.InTx(ctx, func(tx *gorm.DB) error {
		for i := 0; i < len(pairs); i += 2 {
			table, first := pairs[i], pairs[i+1]
			sql := fmt.Sprintf("ALTER TABLE %s ALTER COLUMN id RESTART WITH %d", table, first)
			if s.DB.Dialect == db.SQLite {
				sql = fmt.Sprintf("INSERT INTO sqlite_sequence (name, seq) VALUES ('%s', %d - 1)", table, first)
			}
			if err := tx.Exec(sql).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// accept scans once and returns the outcome.
func (l *lab) accept(ctx context.Context) (scanner.Outcome, error) {
	scan, piece, err := l.clerk.Next()
	if err != nil {
		return scanner.Outcome{}, err
	}
	a, err := l.desk.Accept(ctx, l.station, l.producer, 0, []scanner.Scan{scan})
	if err != nil {
		return scanner.Outcome{}, err
	}
	return a.Outcomes[0], expected(piece, a.Outcomes[0].Verdict, a.Outcomes[0].Code)
}

// trace opens a parcel, takes a few pieces out of it and traces one more.
func (l *lab) trace(ctx context.Context) (*Traced, error) {
	if err := l.scene.Stock(ctx, 1); err != nil {
		return nil, err
	}
	w, err := l.desk.Hello(ctx, l.station, wire.FromStation{Op: wire.OpHello, Producer: l.producer, NextSeq: 1, Clock: clock.System{}.Now()})
	if err != nil {
		return nil, err
	}
	l.clerk.blocks = w.Blocks
	if _, err := l.accept(ctx); err != nil {
		return nil, err
	}
	err = l.scene.DB.InTx(ctx, func(tx *gorm.DB) error {
		return errors.Join(tx.Exec("UPDATE parcels SET version = ?", tracedVersion).Error, tx.Exec("UPDATE producers SET last_seq = ?", tracedSeq).Error)
	})
	if err != nil {
		return nil, err
	}
	l.clerk.seq = tracedSeq
	// Twice before: the desk reads what somebody else changed, and then has at hand what it needs.
	for range linesPer {
		if _, err := l.accept(ctx); err != nil {
			return nil, err
		}
	}
	t := &Traced{}
	if err := l.scene.DB.Read.Take(&t.parcel).Error; err != nil {
		return nil, err
	}
	var out scanner.Outcome
	t.Statements, err = l.tracer.During(func() (err error) { out, err = l.accept(ctx); return err })
	if err != nil {
		return nil, err
	}
	return t, t.bind(l, out)
}

// bind finds the values of the traced scan that are its own.
func (t *Traced) bind(l *lab, out scanner.Outcome) error {
	var u inventory.Unit
	if err := l.scene.DB.Read.Where("plate = ?", out.Plate).Take(&u).Error; err != nil {
		return err
	}
	var event int64
	if err := l.scene.DB.Read.Raw("SELECT max(id) FROM events").Scan(&event).Error; err != nil {
		return err
	}
	t.Bind = []Binding{
		{Traced: l.producer, SQL: "lpad(to_hex(:client_id::int), 32, '0')", Go: func(int64) any { return fmt.Sprintf("%032x", 0) }},
		{Traced: int64(out.Seq), SQL: ":seq", Go: func(n int64) any { return n }},
		{Traced: out.Plate, SQL: "'U' || (1000000000 + :client_id::bigint * 100000000 + :seq)", Go: func(n int64) any { return fmt.Sprintf("U%010d", 1_000_000_000+n) }},
		{Traced: int64(u.ID), Made: "units"},
		{Traced: event, Made: "events"},
		{Traced: int64(l.scene.Benches[0]), SQL: fmt.Sprintf("%d + :client_id", firstBench), Go: func(int64) any { return int64(firstBench) }},
		{Traced: t.parcel.Version, SQL: ":i + 1", Go: func(n int64) any { return n%parcelPieces + 1 }},
		{Traced: t.parcel.Version + 1, SQL: ":i + 2", Go: func(n int64) any { return n%parcelPieces + 2 }},
		parcelBinding(int64(t.parcel.ID), firstParcel, false),
		parcelBinding(int64(*u.CaseID), firstCase, false),
		parcelBinding(int64(*u.ReceiptLineID), firstReceipt, true),
		parcelBinding(int64(*u.CaseLineID), firstCaseLine, true),
		parcelBinding(int64(*u.OrderLineID), firstLine, true),
		{Traced: int64(u.SKUID), SQL: fmt.Sprintf("%d + (:k * %d + :l) %% %d", firstSKU, linesPer, skuCount),
			Go: func(n int64) any { return firstSKU + (n/parcelPieces*linesPer+n%linesPer)%skuCount }},
	}
	if l.scene.OneSKU {
		t.Bind[len(t.Bind)-1] = Binding{Traced: int64(u.SKUID), SQL: fmt.Sprint(u.SKUID), Go: func(int64) any { return int64(u.SKUID) }}
	}
	return t.used()
}

// parcelBinding is an id of the parcel at hand, or of the line that the piece belongs to.
func parcelBinding(traced, first int64, line bool) Binding {
	if line {
		return Binding{Traced: traced, SQL: fmt.Sprintf("%d + :k * %d + :l", first, linesPer), Go: func(n int64) any { return first + n/parcelPieces*linesPer + n%linesPer }}
	}
	return Binding{Traced: traced, SQL: fmt.Sprintf("%d + :k", first), Go: func(n int64) any { return first + n/parcelPieces }}
}

// used makes sure that each binding's value occurs: a desk that writes other values than these has outgrown the baseline.
func (t *Traced) used() error {
	for _, b := range t.Bind {
		if b.Made == "events" { // needed on SQLite only
			continue
		}
		found := slices.ContainsFunc(t.Statements, func(s db.Statement) bool {
			return slices.ContainsFunc(s.Args, func(a any) bool { v, err := plain(a); return err == nil && same(v, b.Traced) })
		})
		if !found {
			return fmt.Errorf("the traced scan does not use %v (%s%s): the baseline no longer fits the desk", b.Traced, b.SQL, b.Made)
		}
	}
	return nil
}

// head sets the variables of a script: n counts a client's scans in this run, first is its first parcel, seq0 the scans of earlier runs.
var head = fmt.Sprintf(`\set n :n + 1
\set seq :seq0 + :n + 1
\set k :first + :client_id * :per + :n / %d
\set i :n %% %d
\set l :i %% %d
`, parcelPieces, parcelPieces, linesPer)

// lay makes open parcels first … first+n-1 as the traced one was opened, at the benches in turn, per parcels each, and the producers that scan them.
func (l *lab) lay(ctx context.Context, t *Traced, first, per int) error {
	n := per * len(l.scene.Benches)
	if err := l.scene.StockTo(ctx, first+n); err != nil {
		return err
	}
	var parcels []receiving.Parcel
	var receipts []receiving.Receipt
	var lines []receiving.ReceiptLine
	for i := range n {
		k, bench := first+i, l.scene.Benches[i/per]
		c := id.Case(firstCase + k)
		p := t.parcel
		p.ID, p.BenchID, p.Version, p.Received, p.Pieces, p.Waybill = id.Parcel(firstParcel+k), &bench, 1, 0, 0, l.scene.parcels[k].Waybill
		parcels = append(parcels, p)
		r := receiving.Receipt{ID: id.Receipt(firstParcel + k), ParcelID: p.ID, CaseID: &c, CreatedAt: p.CreatedAt}
		receipts = append(receipts, r)
		for at := range linesPer {
			cl, ol := id.CaseLine(firstCaseLine+k*linesPer+at), id.OrderLine(firstLine+k*linesPer+at)
			lines = append(lines, receiving.ReceiptLine{ID: id.ReceiptLine(firstReceipt + k*linesPer + at), ReceiptID: r.ID, ParcelID: p.ID, CaseLineID: &cl, OrderLineID: &ol,
				SKUID: l.scene.skus[l.scene.sku(k, at)].ID, Expected: piecesPer, Finding: "match"})
		}
	}
	return l.scene.DB.InTx(ctx, func(tx *gorm.DB) error {
		for _, rows := range []any{&parcels, &receipts, &lines} {
			if err := tx.CreateInBatches(rows, 200).Error; err != nil {
				return err
			}
		}
		for i, st := range l.stations {
			err := tx.Exec("INSERT INTO producers (id, station_id, bench_id, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
				fmt.Sprintf("%032x", i), st, l.scene.Benches[i], t.parcel.CreatedAt).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}
