package report

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
)

// ScanRow is one scan with the answer to it.
type ScanRow struct {
	Producer   string            `json:"producer" doc:"the station's journal"`
	Seq        int64             `json:"seq" doc:"its number there"`
	Warehouse  string            `json:"warehouse"`
	Bench      string            `json:"bench"`
	Clerk      string            `json:"clerk"`
	Data       string            `json:"data" doc:"what the scanner read"`
	CapturedAt time.Time         `json:"captured_at"`
	DecidedAt  time.Time         `json:"decided_at"`
	Verdict    string            `json:"verdict" enum:"accepted,attention,rejected,duplicate"`
	Code       string            `json:"code"`
	Params     map[string]string `json:"params"`
	Plate      string            `json:"plate"`
	Parcel     string            `json:"parcel" doc:"the parcel that was open; empty when none was"`
	Parked     bool              `json:"parked" doc:"it waits for a person"`
}

type scanRow struct {
	Producer, Warehouse, Bench, Clerk, Data, Verdict, Code, Params, Plate string
	Seq                                                                   int64
	CapturedAt, ReceivedAt                                                time.Time
	ParcelID                                                              *id.Parcel
}

// scanColumns: a scan's owner is its parcel's; one without a parcel is seen only by who may see every owner's goods.
var scanColumns = auth.Columns{Warehouse: "s.warehouse_id = ?", Owner: "p.owner_id = ?"}

const scanSelect = `
SELECT s.producer, s.seq, w.code AS warehouse, b.name AS bench, COALESCE(u.display, '') AS clerk, s.data, s.captured_at, s.received_at, s.verdict, s.code, s.params, s.plate, s.parcel_id
FROM outcomes s JOIN warehouses w ON w.id = s.warehouse_id JOIN benches b ON b.id = s.bench_id LEFT JOIN users u ON u.id = s.operator_id LEFT JOIN parcels p ON p.id = s.parcel_id `

func (r scanRow) public() (ScanRow, error) {
	out := ScanRow{Producer: r.Producer, Seq: r.Seq, Warehouse: r.Warehouse, Bench: r.Bench, Clerk: r.Clerk, Data: r.Data, CapturedAt: r.CapturedAt.UTC(), DecidedAt: r.ReceivedAt.UTC(),
		Verdict: r.Verdict, Code: r.Code, Plate: r.Plate, Parked: r.Code == "parked", Params: map[string]string{}}
	if r.ParcelID != nil {
		out.Parcel = parcelNumber(*r.ParcelID)
	}
	if err := json.Unmarshal([]byte(r.Params), &out.Params); err != nil {
		return out, fmt.Errorf("params of scan %s:%d: %w", r.Producer, r.Seq, err)
	}
	return out, nil
}

// ParkedScans lists scans that wait for a person, the oldest first.
func (r *Reports) ParkedScans(ctx context.Context, s auth.Scope, warehouse string, a Ask) (Page[ScanRow], error) {
	var q query
	within, args := s.SQL(scanColumns)
	// Both conditions: the first is the one of the index, word for word, which SQLite wants.
	q.and("s.code IN ('parked', 'seq_conflict') AND s.code = 'parked'")
	q.and(within, args...)
	if warehouse != "" {
		w, err := r.WarehouseNamed(ctx, s, warehouse)
		if err != nil {
			return Page[ScanRow]{}, err
		}
		q.and("s.warehouse_id = ?", w.ID)
	}
	m, more, err := a.mark()
	if err != nil {
		return Page[ScanRow]{}, err
	}
	if more {
		q.and("(s.received_at, s.producer, s.seq) > (?, ?, ?)", m.K, m.A, m.I)
	}
	rows, err := scan[scanRow](r.db.From(ctx), "scans", scanSelect+q.where()+" ORDER BY s.received_at, s.producer, s.seq LIMIT ?", append(q.args, a.limit()+1)...)
	if err != nil {
		return Page[ScanRow]{}, err
	}
	p := page(rows, a.limit(), func(x scanRow) mark { return mark{K: x.ReceivedAt.UTC(), A: x.Producer, I: x.Seq} })
	out := Page[ScanRow]{Items: make([]ScanRow, len(p.Items)), Next: p.Next}
	for i, x := range p.Items {
		if out.Items[i], err = x.public(); err != nil {
			return Page[ScanRow]{}, err
		}
	}
	return out, nil
}

// Scan reads one scan.
func (r *Reports) Scan(ctx context.Context, s auth.Scope, producer string, seq int64) (ScanRow, error) {
	var q query
	within, args := s.SQL(scanColumns)
	q.and("s.producer = ? AND s.seq = ?", producer, seq)
	q.and(within, args...)
	row, err := one[scanRow](r.db.From(ctx), "scan", scanSelect+q.where(), q.args...)
	if err != nil {
		return ScanRow{}, err
	}
	return row.public()
}
