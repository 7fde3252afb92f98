package qc

import (
	"context"
	"fmt"
	"strconv"
	"time"
	_ "time/tzdata" // a day begins in the warehouse's zone; the machine may have none installed

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
)

// DaysLeft is how many days of life a unit has on the day of a moment in its warehouse: 0 on its last day, negative afterwards. ok is false without an expiry.
func DaysLeft(u inventory.Unit, now time.Time, zone *time.Location) (days int, ok bool) {
	end, err := time.Parse(time.DateOnly, u.Expiry)
	if err != nil {
		return 0, false
	}
	y, m, d := now.In(zone).Date()
	return int(end.Sub(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)).Hours() / 24), true
}

// unsellable says why a piece may not be sold however good it looks: recalled or expired. Too little life left only refuses grade A.
func (b *Bench) unsellable(tx *gorm.DB, u inventory.Unit, d Decision, r rule, p catalogue.Policy) (why string, err error) {
	recalled, err := recalled(tx, u)
	if err != nil {
		return "", err
	}
	zone, err := zoneOf(tx, u.WarehouseID)
	if err != nil {
		return "", err
	}
	left, dated := DaysLeft(u, b.log.Now(), zone)
	switch {
	case recalled && r.sells():
		return Recalled, nil
	case dated && left < 0 && r.sells():
		return Expired, nil
	case dated && d.Grade == "A" && left < p.MinLifeDays:
		return "", fault.New(fault.Invalid, "life_too_short", "unit %s lives %d more days, grade A wants %d", u.Plate, left, p.MinLifeDays).
			With("days", strconv.Itoa(left)).With("min_days", strconv.Itoa(p.MinLifeDays)).With("plate", u.Plate)
	}
	return "", nil
}

func zoneOf(tx *gorm.DB, w id.Warehouse) (*time.Location, error) {
	var h place.Warehouse
	if err := tx.Where("id = ?", w).Take(&h).Error; err != nil {
		return nil, fmt.Errorf("warehouse %d: %w", w, err)
	}
	zone, err := time.LoadLocation(h.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("time zone of warehouse %s: %w", h.Code, err)
	}
	return zone, nil
}

// contained wants a dangerous piece in a hazard tote, where the warehouse has one, and never back for sale.
func contained(tx *gorm.DB, u inventory.Unit, d Decision, danger bool, r rule) error {
	if !danger {
		return nil
	}
	if r.sells() {
		return fault.New(fault.Invalid, "hazard_sold", "unit %s is not safe: it can only be scrapped, repaired or sent back", u.Plate).With("plate", u.Plate)
	}
	var totes int64
	if err := tx.Model(&place.Place{}).Where("warehouse_id = ? AND kind = ?", u.WarehouseID, place.ToteHazard).Count(&totes).Error; err != nil {
		return fmt.Errorf("hazard totes: %w", err)
	}
	if totes == 0 {
		return nil
	}
	code, ok := place.Code(d.Tote)
	if ok {
		p, err := place.Find(tx.Statement.Context, tx, u.WarehouseID, code)
		if err != nil {
			return err
		}
		ok = p.Kind == place.ToteHazard
	}
	if !ok {
		return fault.New(fault.Invalid, "hazard_tote", "unit %s is not safe: scan the hazard tote it lies in", u.Plate).With("plate", u.Plate)
	}
	return nil
}

// box notes where the inspected piece lies: in the tote that was named, if that is a place of ours; nowhere once it has left.
func (b *Bench) box(ctx context.Context, tx *gorm.DB, u inventory.Unit, d Decision, r rule, i id.Inspection) error {
	why := place.Why{Cause: "inspection", Ref: ref(i), By: d.By}
	code, ours := place.Code(d.Tote)
	if r.gone() {
		why.Cause = "left"
		return b.floor.Move(ctx, tx, []inventory.Unit{u}, nil, why)
	}
	if !ours {
		return nil // a name that people use, or none
	}
	p, err := place.Find(ctx, tx, u.WarehouseID, code)
	if err != nil {
		return err
	}
	if !p.Kind.Tote() {
		return fault.New(fault.Conflict, "tote_wanted", "%s is a bin: an inspected piece goes into a tote and from there to its bin", p.Code).With("place", p.Code)
	}
	return b.floor.Move(ctx, tx, []inventory.Unit{u}, &p, why)
}
