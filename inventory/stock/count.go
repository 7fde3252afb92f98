package stock

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
)

// Count is a stock-take of what waits for inspection: of a warehouse, or of one place.
type Count struct {
	ID          id.Count `gorm:"primaryKey"`
	WarehouseID id.Warehouse
	PlaceID     *id.Place
	State       string // open, closed (differences are frozen), posted, cancelled
	OpenedBy    id.User
	OpenedAt    time.Time
	ClosedBy    *id.User
	ClosedAt    *time.Time
	ConfirmedBy *id.User
	ConfirmedAt *time.Time
}

// TableName names the table: counts.
func (Count) TableName() string { return "counts" }

// Line is one difference between what was counted and the book.
type Line struct {
	CountID     id.Count `gorm:"primaryKey;autoIncrement:false"`
	Plate       string   `gorm:"primaryKey"`
	Kind        string   // missing, surplus, misplaced
	UnitID      *id.Unit
	UnitVersion int64
	Book        string // missing: where it should lie; surplus: the state it should be in, or unknown; misplaced: where the book has it
	Result      string // posted, changed, open; empty before a manager confirms
}

// TableName names the table: count_lines.
func (Line) TableName() string { return "count_lines" }

type countPlate struct {
	CountID id.Count `gorm:"primaryKey;autoIncrement:false"`
	Plate   string   `gorm:"primaryKey"`
	ByUser  id.User
	At      time.Time
}

// TableName names the table: count_plates.
func (countPlate) TableName() string { return "count_plates" }

// OpenCount begins a count; code names a place, or nothing for the whole warehouse.
func (k *Keeper) OpenCount(ctx context.Context, w id.Warehouse, code string, by id.User) (Count, error) {
	c := Count{WarehouseID: w, State: "open", OpenedBy: by, OpenedAt: k.log.Now()}
	out := c
	err := k.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		out = c
		if strings.TrimSpace(code) != "" {
			p, err := place.Find(ctx, tx, w, code)
			if err != nil {
				return err
			}
			out.PlaceID = &p.ID
		}
		if err := tx.Create(&out).Error; err != nil {
			return fmt.Errorf("open count: %w", err)
		}
		return nil
	})
	return out, err
}

// count locks a count that is in a state.
func (k *Keeper) count(tx *gorm.DB, c id.Count, state string) (Count, error) {
	var row Count
	if err := db.Lock(tx).Where("id = ?", c).Limit(1).Find(&row).Error; err != nil {
		return row, fmt.Errorf("read count %d: %w", c, err)
	}
	switch {
	case row.ID == 0:
		return row, fault.New(fault.NotFound, "count_not_found", "there is no count %d", c)
	case row.State != state:
		return row, fault.New(fault.Conflict, "count_state", "count %d is %s, not %s", c, row.State, state).With("state", row.State)
	}
	return row, nil
}

// Counted adds scanned plates to an open count; one that was scanned before changes nothing.
func (k *Keeper) Counted(ctx context.Context, c id.Count, plates []string, by id.User) error {
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		row, err := k.count(tx, c, "open")
		if err != nil || len(plates) == 0 {
			return err
		}
		rows := make([]countPlate, len(plates))
		for i, p := range plates {
			rows[i] = countPlate{CountID: row.ID, Plate: strings.ToUpper(strings.TrimSpace(p)), ByUser: by, At: k.log.Now()}
		}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error; err != nil {
			return fmt.Errorf("count plates: %w", err)
		}
		return nil
	})
}

// Uncounted takes a plate back that was scanned by mistake.
func (k *Keeper) Uncounted(ctx context.Context, c id.Count, plate string) error {
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		row, err := k.count(tx, c, "open")
		if err != nil {
			return err
		}
		return tx.Where("count_id = ? AND plate = ?", row.ID, strings.ToUpper(strings.TrimSpace(plate))).Delete(&countPlate{}).Error
	})
}

// DifferencesOf is Differences of a count by its number, under ctx.
func (k *Keeper) DifferencesOf(ctx context.Context, c id.Count) ([]Line, error) {
	tx := k.db.From(ctx)
	var row Count
	if err := tx.Where("id = ?", c).Limit(1).Find(&row).Error; err != nil {
		return nil, fmt.Errorf("read count %d: %w", c, err)
	}
	return k.Differences(ctx, tx, row)
}

// Differences compares what was counted with the book as it is now, by plate. What came in after the count began is expected by nobody.
func (k *Keeper) Differences(ctx context.Context, tx *gorm.DB, c Count) ([]Line, error) {
	tx = tx.WithContext(ctx)
	if c.State != "open" {
		var frozen []Line
		err := tx.Where("count_id = ?", c.ID).Order("kind, plate").Find(&frozen).Error
		return frozen, err
	}
	var rows []struct {
		Plate   string
		UnitID  *id.Unit
		Version int64
		State   string
		PlaceID *id.Place
		Code    string
		Counted bool
	}
	here := ""
	args := map[string]any{"count": c.ID, "warehouse": c.WarehouseID, "opened": c.OpenedAt, "place": c.PlaceID}
	if c.PlaceID != nil {
		here = " AND l.place_id = @place"
	}
	err := tx.Raw(`SELECT n.plate, u.id AS unit_id, COALESCE(u.version, 0) AS version, COALESCE(CASE WHEN u.warehouse_id = @warehouse THEN u.state END, '') AS state, l.place_id, COALESCE(p.code, '') AS code, TRUE AS counted
 FROM count_plates n LEFT JOIN units u ON u.plate = n.plate LEFT JOIN unit_places l ON l.unit_id = u.id LEFT JOIN places p ON p.id = l.place_id WHERE n.count_id = @count
 UNION ALL SELECT u.plate, u.id, u.version, u.state, l.place_id, COALESCE(p.code, ''), FALSE FROM units u LEFT JOIN unit_places l ON l.unit_id = u.id LEFT JOIN places p ON p.id = l.place_id
 WHERE u.warehouse_id = @warehouse AND u.account = 'quarantine' AND u.state = 'quarantine' AND u.moved_at <= @opened`+here+`
  AND NOT EXISTS (SELECT 1 FROM count_plates n WHERE n.count_id = @count AND n.plate = u.plate) ORDER BY 1`, args).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("compare count %d: %w", c.ID, err)
	}
	var out []Line
	for _, r := range rows {
		l := Line{CountID: c.ID, Plate: r.Plate, UnitID: r.UnitID, UnitVersion: r.Version}
		switch {
		case !r.Counted:
			l.Kind, l.Book = "missing", r.Code
		case r.State != string(inventory.Quarantine):
			l.Kind, l.Book = "surplus", r.State
			if r.State == "" {
				l.Book, l.UnitID, l.UnitVersion = "unknown", nil, 0
			}
		case c.PlaceID != nil && (r.PlaceID == nil || *r.PlaceID != *c.PlaceID):
			l.Kind, l.Book = "misplaced", r.Code
		default:
			continue
		}
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(a, b Line) int { return strings.Compare(a.Kind, b.Kind) })
	return out, nil
}

// CloseCount ends the scanning and freezes the differences. Nothing is corrected yet.
func (k *Keeper) CloseCount(ctx context.Context, c id.Count, by id.User) error {
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		row, err := k.count(tx, c, "open")
		if err != nil {
			return err
		}
		lines, err := k.Differences(ctx, tx, row)
		if err != nil {
			return err
		}
		if len(lines) > 0 {
			if err := tx.CreateInBatches(&lines, 500).Error; err != nil {
				return fmt.Errorf("freeze differences: %w", err)
			}
		}
		return tx.Model(&Count{}).Where("id = ?", c).Updates(map[string]any{"state": "closed", "closed_by": by, "closed_at": k.log.Now()}).Error
	})
}

// CancelCount throws a count away that nobody has confirmed.
func (k *Keeper) CancelCount(ctx context.Context, c id.Count) error {
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		res := tx.WithContext(ctx).Model(&Count{}).Where("id = ? AND state IN ('open', 'closed')", c).Update("state", "cancelled")
		if res.Error == nil && res.RowsAffected == 0 {
			return fault.New(fault.Conflict, "count_state", "count %d is over, or does not exist", c)
		}
		return res.Error
	})
}

// ConfirmCount posts what a closed count found: missing pieces are booked out, missing ones that were found are booked in, misplaced ones get the place where
// they lie. A piece that moved since stays as it is; a surplus that the book has elsewhere is a person's task.
func (k *Keeper) ConfirmCount(ctx context.Context, c id.Count, by id.User) error {
	return k.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		row, err := k.count(tx, c, "closed")
		if err != nil {
			return err
		}
		var lines []Line
		if err := tx.Where("count_id = ?", c).Order("unit_id").Find(&lines).Error; err != nil {
			return fmt.Errorf("differences of count %d: %w", c, err)
		}
		results := map[string]int{}
		for _, l := range lines {
			result, err := k.settle(ctx, tx, row, l, by)
			if err != nil {
				return err
			}
			if err := tx.Model(&Line{}).Where("count_id = ? AND plate = ?", c, l.Plate).Update("result", result).Error; err != nil {
				return fmt.Errorf("line of count %d: %w", c, err)
			}
			results[result]++
		}
		now := k.log.Now()
		if err := tx.Model(&Count{}).Where("id = ?", c).Updates(map[string]any{"state": "posted", "confirmed_by": by, "confirmed_at": now}).Error; err != nil {
			return fmt.Errorf("confirm count %d: %w", c, err)
		}
		return k.log.Append(ctx, tx, event.Event{Type: "backdock.stock.counted.v1", Subject: "count/" + strconv.FormatInt(int64(c), 10), Version: 1, WarehouseID: row.WarehouseID, ByUser: by, At: now,
			Data: event.Data{"count": c, "posted": results["posted"], "changed": results["changed"], "open": results["open"]}})
	})
}

// settle posts one difference.
func (k *Keeper) settle(ctx context.Context, tx *gorm.DB, c Count, l Line, by id.User) (result string, err error) {
	if l.UnitID == nil {
		return "open", nil
	}
	us, err := lockPlates(tx, c.WarehouseID, []string{l.Plate})
	if err != nil {
		return "", err
	}
	if len(us) == 0 || us[0].Version != l.UnitVersion {
		return "changed", nil
	}
	u := us[0]
	var at *place.Place
	if c.PlaceID != nil {
		at = &place.Place{}
		if err := tx.Where("id = ?", *c.PlaceID).Take(at).Error; err != nil {
			return "", fmt.Errorf("place of count %d: %w", c.ID, err)
		}
	}
	a := Adjustment{CountID: &c.ID, Reason: "counted", Note: "count " + strconv.FormatInt(int64(c.ID), 10), ByUser: by}
	switch {
	case l.Kind == "missing":
		return "posted", k.lose(ctx, tx, u, a)
	case l.Kind == "surplus" && u.State == inventory.Missing:
		return "posted", k.find(ctx, tx, u, at, a)
	case l.Kind == "misplaced":
		return "posted", k.floor.Move(ctx, tx, us, at, place.Why{Cause: "stock_take", Ref: a.Note, By: by})
	}
	return "open", nil
}
