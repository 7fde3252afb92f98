package track

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// Policy says how long a warehouse may take to scan what it has signed for.
type Policy struct {
	Hours     int // of the dock's working time
	OpensMin  int // minutes after midnight of the warehouse
	ClosesMin int // 1440: midnight
}

// StandardPolicy holds where a warehouse has none: twelve hours, round the clock.
var StandardPolicy = Policy{Hours: 12, ClosesMin: 1440}

// Due is when a parcel signed for then should have been scanned: what is signed for at night waits for the morning.
func (p Policy) Due(signed time.Time, zone *time.Location) time.Time {
	left := time.Duration(p.Hours) * time.Hour
	at := signed.In(zone)
	y, m, d := at.Date()
	for day := 0; ; day++ {
		opens, closes := time.Date(y, m, d+day, 0, p.OpensMin, 0, 0, zone), time.Date(y, m, d+day, 0, p.ClosesMin, 0, 0, zone)
		if opens.Before(at) {
			opens = at
		}
		open := closes.Sub(opens)
		switch {
		case open <= 0:
		case left <= open:
			return opens.Add(left).UTC()
		default:
			left -= open
		}
	}
}

// SetPolicy sets how long a warehouse may take.
func (k *Keeper) SetPolicy(ctx context.Context, w id.Warehouse, p Policy) error {
	if p.Hours < 1 || p.Hours > 720 || p.OpensMin < 0 || p.ClosesMin > 1440 || p.OpensMin >= p.ClosesMin {
		return fault.New(fault.Invalid, "dock_policy", "a dock has 1 to 720 hours, opens before it closes, and closes by midnight")
	}
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		return tx.WithContext(ctx).Exec(`INSERT INTO dock_policies (warehouse_id, unscanned_hours, opens_min, closes_min) VALUES (?, ?, ?, ?)
 ON CONFLICT (warehouse_id) DO UPDATE SET unscanned_hours = excluded.unscanned_hours, opens_min = excluded.opens_min, closes_min = excluded.closes_min`, w, p.Hours, p.OpensMin, p.ClosesMin).Error
	})
}
