package unclaimed

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
)

const (
	// AdvanceGrace is how long goods of an order may wait for a case before the service desk is told.
	AdvanceGrace = 24 * time.Hour
	// Every is how often the shelves are looked at.
	Every = 10 * time.Minute
	// perLook bounds one look; what is left over comes with the next.
	perLook = 500
)

// AgeingArgs is the job that looks for what has waited too long.
type AgeingArgs struct{}

// Kind names the job.
func (AgeingArgs) Kind() string { return "unclaimed_ageing" }

type ageing struct {
	river.WorkerDefaults[AgeingArgs]
	keeper *Keeper
}

// Work looks once.
func (w *ageing) Work(ctx context.Context, _ *river.Job[AgeingArgs]) error {
	_, err := w.keeper.Look(ctx)
	return err
}

// AddWorkers registers the keeper's job.
func (k *Keeper) AddWorkers(w *river.Workers) { river.AddWorker(w, &ageing{keeper: k}) }

// Periodic is the job's timetable. Several servers may hold it: a task is opened once.
func Periodic() *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(Every), func() (river.JobArgs, *river.InsertOpts) {
		return AgeingArgs{}, &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: Every}}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

// Look opens a task for each parcel of unknown owner that is older than its warehouse allows, and for each advance receipt that no case has adopted in a day. Each is
// told once. It says how many tasks it opened.
func (k *Keeper) Look(ctx context.Context) (int, error) {
	n, err := k.oldParcels(ctx)
	if err != nil {
		return n, err
	}
	m, err := k.oldReceipts(ctx)
	return n + m, err
}

func (k *Keeper) oldParcels(ctx context.Context) (int, error) {
	var warehouses []id.Warehouse
	read := k.db.Read.WithContext(ctx)
	if err := read.Raw("SELECT id FROM warehouses ORDER BY id").Scan(&warehouses).Error; err != nil {
		return 0, fmt.Errorf("warehouses: %w", err)
	}
	opened := 0
	for _, w := range warehouses {
		policy, err := PolicyOf(read, w)
		if err != nil {
			return opened, err
		}
		var old []id.Parcel
		err = read.Raw(`SELECT p.id FROM parcels p WHERE p.warehouse_id = ? AND p.owner_id IS NULL AND p.kind = 'unknown' AND p.state IN ('held', 'closed') AND p.created_at < ?
 AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.kind = 'unclaimed_old' AND t.subject = 'parcel/P' || `+padded+`) ORDER BY p.created_at LIMIT ?`,
			w, k.clock.Now().Add(-days(policy.AlarmAfterDays)), perLook).Scan(&old).Error
		if err != nil {
			return opened, fmt.Errorf("old parcels: %w", err)
		}
		for _, p := range old {
			err := k.do(ctx, p, func(ctx context.Context, tx *gorm.DB, p receiving.Parcel) error {
				return k.task(ctx, tx, "unclaimed_old", p)
			})
			switch {
			case fault.IsKind(err, fault.Conflict): // claimed, ended or opened since it was looked for
			case err != nil:
				return opened, err
			default:
				opened++
			}
		}
	}
	return opened, nil
}

// padded is the number of parcel p as people write it: at least six digits.
const padded = "CASE WHEN p.id < 1000000 THEN SUBSTR('000000' || CAST(p.id AS TEXT), LENGTH(CAST(p.id AS TEXT)) + 1) ELSE CAST(p.id AS TEXT) END"

// oldReceipts looks at the advance receipts of the last month: older ones have been told.
func (k *Keeper) oldReceipts(ctx context.Context) (int, error) {
	now := k.clock.Now()
	var old []struct {
		ID          id.Receipt
		ParcelID    id.Parcel
		OwnerID     *id.Owner
		WarehouseID id.Warehouse
		Number      string
	}
	err := k.db.Read.WithContext(ctx).Raw(`SELECT r.id, r.parcel_id, p.owner_id, p.warehouse_id, o.number FROM receipts r JOIN parcels p ON p.id = r.parcel_id JOIN orders o ON o.id = r.order_id
 WHERE r.advance AND r.created_at > ? AND r.created_at < ? AND p.state = 'closed'
 AND EXISTS (SELECT 1 FROM units u WHERE u.parcel_id = p.id AND u.case_line_id IS NULL AND u.finding = 'undeclared' AND u.state <> 'undone')
 AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.kind = 'advance_unadopted' AND t.subject = 'receipt/' || CAST(r.id AS TEXT)) ORDER BY r.created_at LIMIT ?`,
		now.Add(-days(31)), now.Add(-AdvanceGrace), perLook).Scan(&old).Error
	if err != nil {
		return 0, fmt.Errorf("advance receipts: %w", err)
	}
	opened := 0
	for _, r := range old {
		subject := fmt.Sprintf("receipt/%d", r.ID)
		err := k.db.InTx(ctx, func(tx *gorm.DB) error {
			made, err := k.open(ctx, tx, "advance_unadopted", subject, r.OwnerID, r.WarehouseID, fmt.Sprintf(`{"parcel":%q,"order":%q}`, receiving.ParcelNumber(r.ParcelID), r.Number))
			if made {
				opened++
			}
			return err
		})
		if err != nil {
			return opened, err
		}
	}
	return opened, nil
}

// task opens something for a person about a parcel.
func (k *Keeper) task(ctx context.Context, tx *gorm.DB, kind string, p receiving.Parcel) error {
	_, err := k.open(ctx, tx, kind, "parcel/"+p.Number(), nil, p.WarehouseID, fmt.Sprintf(`{"shelf":%q}`, p.Shelf))
	return err
}

// open opens a task once per kind and subject; one that was done is opened again.
func (k *Keeper) open(ctx context.Context, tx *gorm.DB, kind, subject string, owner *id.Owner, w id.Warehouse, params string) (bool, error) {
	res := tx.WithContext(ctx).Exec(`INSERT INTO tasks (kind, subject, owner_id, warehouse_id, params, state, created_at) VALUES (?, ?, ?, ?, ?, 'open', ?)
 ON CONFLICT (kind, subject) DO UPDATE SET state = 'open', done_at = NULL, params = excluded.params WHERE tasks.state = 'done'`, kind, subject, owner, w, params, k.clock.Now())
	if res.Error != nil {
		return false, fmt.Errorf("open task: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return false, nil
	}
	e := event.Event{Type: "backdock.task.opened.v1", Subject: "task/" + kind + "/" + subject, Version: 1, WarehouseID: w, Data: event.Data{"kind": kind, "subject": subject}}
	if owner != nil {
		e.OwnerID = *owner
	}
	return true, k.log.Append(ctx, tx, e)
}
