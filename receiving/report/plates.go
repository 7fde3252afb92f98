package report

import (
	"context"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/scanner"
)

// RollRow is a roll of license plates that was printed beforehand.
type RollRow struct {
	Warehouse string    `json:"warehouse"`
	First     string    `json:"first" doc:"its first plate"`
	Last      string    `json:"last"`
	Count     int       `json:"count"`
	Used      int       `json:"used" doc:"plates that stand on a piece, undone ones included"`
	Newest    string    `json:"newest" doc:"the highest plate in use; empty when none is"`
	LeasedAt  time.Time `json:"leased_at"`
}

type rollRow struct {
	WarehouseID id.Warehouse
	Warehouse   string
	First       int64
	Count       int
	LeasedAt    time.Time
}

// maxRolls of each list: older ones are used up.
const maxRolls = 200

const rollSelect = `SELECT l.warehouse_id, w.code AS warehouse, l.first, l.count, l.leased_at FROM plate_leases l JOIN warehouses w ON w.id = l.warehouse_id `

// Rolls lists the newest rolls of every warehouse a scope reaches, the newest first.
func (r *Reports) Rolls(ctx context.Context, s auth.Scope) (Page[RollRow], error) {
	rows, err := scan[rollRow](r.db.From(ctx), "rolls", rollSelect+"ORDER BY l.first DESC LIMIT ?", maxRolls)
	out := Page[RollRow]{Items: []RollRow{}}
	for _, row := range rows {
		if !s.Site(row.WarehouseID) {
			continue
		}
		p, err := r.roll(ctx, row)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, p)
	}
	return out, err
}

// Roll reads the roll that begins with a plate number.
func (r *Reports) Roll(ctx context.Context, first int64) (RollRow, error) {
	row, err := one[rollRow](r.db.From(ctx), "roll", rollSelect+"WHERE l.first = ?", first)
	if err != nil {
		return RollRow{}, err
	}
	return r.roll(ctx, row)
}

func (r *Reports) roll(ctx context.Context, row rollRow) (RollRow, error) {
	out := RollRow{Warehouse: row.Warehouse, First: scanner.Plate(row.First), Last: scanner.Plate(row.First + int64(row.Count) - 1), Count: row.Count, LeasedAt: row.LeasedAt.UTC()}
	// Plates have one length, so that the order of their text, which has the index, is that of their numbers.
	used, err := one[struct {
		Used   int
		Newest string
	}](r.db.From(ctx), "roll", "SELECT COUNT(*) AS used, COALESCE(MAX(plate), '') AS newest FROM units WHERE plate BETWEEN ? AND ?", out.First, out.Last)
	out.Used, out.Newest = used.Used, used.Newest
	return out, err
}
