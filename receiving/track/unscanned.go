package track

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
)

// TaskUnscanned is what the dock has to look for: subject waybill/NUMBER.
const TaskUnscanned = "signed_not_scanned"

// Unscanned is a waybill that the warehouse signed for and nobody has scanned.
type Unscanned struct {
	ID          int64 `gorm:"primaryKey"`
	Waybill     string
	Carrier     string
	WarehouseID id.Warehouse
	OwnerID     id.Owner
	CaseID      *id.Case
	ValueMinor  int64
	Currency    string
	SignedAt    time.Time
	RaisedAt    time.Time
	ResolvedAt  *time.Time
	How         string // scanned, or withdrawn by the carrier
}

// TableName names the table: unscanned.
func (Unscanned) TableName() string { return "unscanned" }

// arrived is whether a parcel came under the number of track t that means alias a: a number that couriers use again may have stood on an older one.
const arrived = `(EXISTS (SELECT 1 FROM parcels p WHERE p.waybill = t.waybill AND p.state <> 'expected' AND (p.closed_at IS NULL OR p.closed_at >= a.valid_from))
 OR EXISTS (SELECT 1 FROM waybill_aliases x JOIN parcels p ON p.id = x.parcel_id WHERE x.number = t.waybill AND x.valid_to IS NULL AND p.state <> 'expected' AND x.valid_from >= a.valid_from))`

// signedFor lists what was signed for and not scanned: return waybills of cases that still await goods, and parcels that the carrier brought back to their sender.
const signedFor = `SELECT t.waybill, t.carrier, t.signed_at, c.owner_id, c.warehouse_id, c.id AS case_id, c.currency,
  COALESCE((SELECT CAST(SUM((l.quantity - l.received) * s.value_minor) AS BIGINT) FROM case_lines l JOIN skus s ON s.id = l.sku_id WHERE l.case_id = c.id), 0) AS value_minor
 FROM waybill_tracks t JOIN waybill_aliases a ON a.number = t.waybill AND a.role = 'return' AND a.valid_to IS NULL AND (a.carrier = '' OR t.carrier = '' OR a.carrier = t.carrier)
 JOIN cases c ON c.id = a.case_id
 WHERE t.signed_at IS NOT NULL AND t.signed_at >= a.valid_from AND c.goods NOT IN ('received', 'inspected') AND NOT ` + arrived + ` AND %[1]s
UNION ALL
SELECT t.waybill, t.carrier, t.signed_at, h.owner_id, NULL, NULL, 'CNY',
  COALESCE((SELECT CAST(SUM(l.quantity * s.value_minor) AS BIGINT) FROM shipment_lines l JOIN order_lines o ON o.id = l.order_line_id JOIN skus s ON s.id = COALESCE(o.shipped_sku_id, o.sku_id)
   WHERE l.shipment_id = h.id), 0)
 FROM waybill_tracks t JOIN waybill_aliases a ON a.number = t.waybill AND a.role = 'outbound' AND a.valid_to IS NULL JOIN shipments h ON h.id = a.shipment_id
 WHERE t.signed_at IS NOT NULL AND t.code = 'returned' AND (h.carrier = '' OR t.carrier = '' OR h.carrier = t.carrier) AND NOT ` + arrived + ` AND %[1]s`

type candidate struct {
	Waybill, Carrier string
	SignedAt         *time.Time
	OwnerID          id.Owner
	WarehouseID      *id.Warehouse
	CaseID           *id.Case
	Currency         string
	ValueMinor       int64
}

// site is a warehouse with its policy.
type site struct {
	id.Warehouse
	zone   *time.Location
	policy Policy
}

// sites reads the warehouses, the first one first: what names none counts there.
func sites(tx *gorm.DB) ([]site, error) {
	var rows []struct {
		ID                                  id.Warehouse
		TimeZone                            string
		UnscannedHours, OpensMin, ClosesMin *int
	}
	err := tx.Raw("SELECT w.id, w.time_zone, p.unscanned_hours, p.opens_min, p.closes_min FROM warehouses w LEFT JOIN dock_policies p ON p.warehouse_id = w.id ORDER BY w.id").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("policies of docks: %w", err)
	}
	var out []site
	for _, r := range rows {
		zone, err := time.LoadLocation(r.TimeZone)
		if err != nil {
			return nil, fmt.Errorf("time zone of warehouse %d: %w", r.ID, err)
		}
		s := site{r.ID, zone, StandardPolicy}
		if r.UnscannedHours != nil {
			s.policy = Policy{*r.UnscannedHours, *r.OpensMin, *r.ClosesMin}
		}
		out = append(out, s)
	}
	return out, nil
}

// Sweep raises what is due and ends what needs nobody any more. Every process may run it.
func (k *Keeper) Sweep(ctx context.Context) error {
	read := k.db.Read.WithContext(ctx)
	all, err := sites(read)
	if err != nil || len(all) == 0 {
		return err
	}
	var due []candidate
	err = read.Raw(fmt.Sprintf(signedFor, "NOT EXISTS (SELECT 1 FROM unscanned u WHERE u.waybill = t.waybill AND u.carrier = t.carrier)")).Scan(&due).Error
	if err != nil {
		return fmt.Errorf("look for waybills signed for: %w", err)
	}
	now := k.clock.Now()
	for _, c := range due {
		at := all[0]
		for _, s := range all {
			if c.WarehouseID != nil && s.Warehouse == *c.WarehouseID {
				at = s
			}
		}
		if c.SignedAt == nil || now.Before(at.policy.Due(*c.SignedAt, at.zone)) {
			continue
		}
		if err := k.db.InTx(ctx, func(tx *gorm.DB) error { return k.raise(ctx, tx.WithContext(ctx), c, at.Warehouse) }); err != nil {
			return fmt.Errorf("raise alarm for %s: %w", c.Waybill, err)
		}
	}
	return k.end(ctx)
}

// raise looks again under the lock that a scan of the waybill takes, so that an alarm never overtakes its own scan.
func (k *Keeper) raise(ctx context.Context, tx *gorm.DB, c candidate, w id.Warehouse) error {
	if err := db.LockNames(tx, []string{lockName(c.Waybill)}); err != nil {
		return err
	}
	var still []candidate
	if err := tx.Raw(fmt.Sprintf(signedFor, "t.waybill = @w AND t.carrier = @c"), map[string]any{"w": c.Waybill, "c": c.Carrier}).Scan(&still).Error; err != nil || len(still) == 0 {
		return err
	}
	u := Unscanned{Waybill: c.Waybill, Carrier: c.Carrier, WarehouseID: w, OwnerID: c.OwnerID, CaseID: c.CaseID, ValueMinor: c.ValueMinor, Currency: c.Currency,
		SignedAt: c.SignedAt.UTC(), RaisedAt: k.clock.Now()}
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&u)
	if res.Error != nil || res.RowsAffected == 0 {
		return res.Error
	}
	params, err := json.Marshal(map[string]any{"waybill": u.Waybill, "carrier": u.Carrier, "signed_at": u.SignedAt})
	if err != nil {
		return err
	}
	task := aftersales.Task{Kind: TaskUnscanned, Subject: u.subject(), OwnerID: &u.OwnerID, WarehouseID: &u.WarehouseID, Params: string(params), State: "open", CreatedAt: u.RaisedAt}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&task).Error; err != nil {
		return fmt.Errorf("task: %w", err)
	}
	return k.tell(ctx, tx, u, "unscanned", 1)
}

func (u Unscanned) subject() string {
	return "unscanned/" + subject(u.Waybill, u.Carrier)[len("waybill/"):]
}

func (k *Keeper) tell(ctx context.Context, tx *gorm.DB, u Unscanned, kind string, version int64) error {
	data := event.Data{"waybill": u.Waybill, "carrier": u.Carrier, "signed_at": u.SignedAt, "value_minor": u.ValueMinor}
	if u.How != "" {
		data["how"] = u.How
	}
	return k.log.Append(ctx, tx, event.Event{Type: "backdock.waybill." + kind + ".v1", Subject: u.subject(), Version: version, OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, Data: data})
}

// end resolves alarms whose parcel came without a scan that the trigger saw, or whose case awaits nothing any more.
func (k *Keeper) end(ctx context.Context) error {
	var over []int64
	err := k.db.Read.WithContext(ctx).Raw(`SELECT u.id FROM unscanned u LEFT JOIN cases c ON c.id = u.case_id WHERE u.resolved_at IS NULL AND (c.goods IN ('received', 'inspected')
 OR EXISTS (SELECT 1 FROM parcels p WHERE p.waybill = u.waybill AND p.state <> 'expected' AND p.created_at >= u.signed_at)) ORDER BY u.id`).Scan(&over).Error
	if err != nil || len(over) == 0 {
		return err
	}
	return k.db.InTx(ctx, func(tx *gorm.DB) error { return k.resolve(ctx, tx.WithContext(ctx), "scanned", "id IN ?", over) })
}

// resolve ends open alarms and their tasks.
func (k *Keeper) resolve(ctx context.Context, tx *gorm.DB, how, where string, args ...any) error {
	var open []Unscanned
	if err := db.Lock(tx).Where("resolved_at IS NULL AND "+where, args...).Order("id").Find(&open).Error; err != nil {
		return fmt.Errorf("open alarms: %w", err)
	}
	now := k.clock.Now()
	for _, u := range open {
		if err := tx.Exec("UPDATE unscanned SET resolved_at = ?, how = ? WHERE id = ?", now, how, u.ID).Error; err != nil {
			return fmt.Errorf("resolve alarm: %w", err)
		}
		if err := tx.Exec("UPDATE tasks SET state = 'done', done_at = ? WHERE kind = ? AND subject = ? AND state = 'open'", now, TaskUnscanned, u.subject()).Error; err != nil {
			return fmt.Errorf("close task: %w", err)
		}
		u.How = how
		if err := k.tell(ctx, tx, u, "found", 2); err != nil {
			return err
		}
	}
	return nil
}

// Trigger ends the alarm of a parcel in the transaction of its scan.
func (k *Keeper) Trigger(ctx context.Context, tx *gorm.DB, e event.Event) error {
	switch e.Type {
	case "backdock.parcel.docked.v1", "backdock.parcel.opened.v1", "backdock.parcel.alias_added.v1":
	default:
		return nil
	}
	p, ok := receiving.ParseParcelNumber(e.Subject[len("parcel/"):])
	if !ok {
		return nil
	}
	return k.resolve(ctx, tx.WithContext(ctx), "scanned",
		"waybill IN (SELECT waybill FROM parcels WHERE id = ? UNION SELECT number FROM waybill_aliases WHERE parcel_id = ? AND valid_to IS NULL)", p, p)
}
