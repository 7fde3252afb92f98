package desk

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// Dismiss ends a parked scan that nobody will run again, such as an UNDO whose moment has passed: it books nothing, its plate is void, and parked scans behind it
// may be run again. Dismissed twice it is one act. A scan that was decided stays as it is.
func (d *Desk) Dismiss(ctx context.Context, producer string, seq uint64, by id.User, reason string) error {
	if by == 0 {
		return fault.New(fault.Denied, "person_needed", "a parked scan is dismissed by a person")
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return fault.New(fault.Invalid, "reason_missing", "say why nothing is to come of it")
	}
	return d.db.InTx(ctx, func(tx *gorm.DB) error {
		// The producer's row first, as every scan of it does: a rerun of the same scan is over before, or begins behind.
		var p []receiving.Producer
		if err := db.Lock(tx).Where("id = ?", producer).Limit(1).Find(&p).Error; err != nil {
			return fmt.Errorf("lock producer: %w", err)
		}
		var rows []receiving.Outcome
		if err := db.Lock(tx).Where("producer = ? AND seq = ?", producer, seq).Limit(1).Find(&rows).Error; err != nil {
			return fmt.Errorf("read outcome: %w", err)
		}
		if len(rows) == 0 {
			return errNoScan(producer, seq)
		}
		return d.dismiss(ctx, tx, rows[0], by, reason)
	})
}

func (d *Desk) dismiss(ctx context.Context, tx *gorm.DB, row receiving.Outcome, by id.User, reason string) error {
	switch scanner.Code(row.Code) {
	case scanner.CodeDismissed:
		return nil
	case scanner.CodeParked:
	default:
		return fault.New(fault.Conflict, "scan_not_parked", "scan %d was decided: %s", row.Seq, row.Code).With("code", row.Code)
	}
	if err := tx.Exec("UPDATE outcomes SET code = ? WHERE producer = ? AND seq = ? AND code = 'parked'", scanner.CodeDismissed, row.Producer, row.Seq).Error; err != nil {
		return fmt.Errorf("dismiss scan: %w", err)
	}
	e := event.Event{Type: "backdock.scan.dismissed.v1", Subject: fmt.Sprintf("scan/%s:%d", row.Producer, row.Seq), Version: 2, WarehouseID: row.WarehouseID, ByUser: by, At: d.clock.Now(),
		Data: event.Data{"producer": row.Producer, "seq": row.Seq, "bench": row.BenchID, "reason": reason}}
	return d.log.Append(ctx, tx, e)
}
