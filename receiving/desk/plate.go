package desk

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// plate answers to a license plate: which unit it is and where it stands.
func (s *session) plate(a *answer, plate string) error {
	if err := s.write(); err != nil { // the unit may be of this batch
		return err
	}
	var u inventory.Unit
	res := s.tx.Where("plate = ?", plate).Limit(1).Find(&u)
	switch {
	case res.Error != nil:
		return fmt.Errorf("look for plate: %w", res.Error)
	case res.RowsAffected == 0:
		a.say(scanner.CodePlateUnknown, "plate", plate)
		return nil
	case u.WarehouseID != s.site.ID:
		a.say(scanner.CodeOtherWarehouse)
		return nil
	case u.State == inventory.Undone:
		a.say(scanner.CodePlateVoid, "plate", plate)
		return nil
	}
	a.of = u.ID
	found, err := articles(s.tx, []id.SKU{u.SKUID})
	if err != nil || len(found) == 0 {
		return fmt.Errorf("SKU of %s: %w", plate, err)
	}
	a.say(scanner.CodeUnitShown, found[0].named("plate", plate, "state", string(u.State))...)
	return nil
}

// plateFor takes the plate that the station reserved for the piece, if it is one of its leases; else one from the counter.
func (s *session) plateFor(sc scanner.Scan) (string, error) {
	if n, ok := scanner.PlateNumber(sc.Plate); ok && !s.mode.freshPlates {
		mine, err := s.d.leased(s.tx, s.producer.StationID, n)
		if err != nil {
			return "", err
		}
		if mine {
			return sc.Plate, nil
		}
	}
	if len(s.plates) == 0 {
		b, err := take(s.tx, len(s.fresh))
		if err != nil {
			return "", err
		}
		for i := range b.Count {
			s.plates = append(s.plates, b.First+int64(i))
		}
	}
	n := s.plates[0]
	s.plates = s.plates[1:]
	return scanner.Plate(n), nil
}

// take takes count numbers from the counter. Nobody else ever gets them.
func take(tx *gorm.DB, count int) (wire.Block, error) {
	var next int64
	if err := tx.Raw("UPDATE plate_counter SET next = next + ? WHERE id = 1 RETURNING next", count).Scan(&next).Error; err != nil {
		return wire.Block{}, fmt.Errorf("take plates: %w", err)
	}
	if next-1 > scanner.MaxPlate {
		return wire.Block{}, fmt.Errorf("license plate numbers are used up")
	}
	return wire.Block{First: next - int64(count), Count: count}, nil
}

// Lease gives a station a block of plates to assign at capture.
func (d *Desk) Lease(ctx context.Context, station id.Station, count int) (wire.Block, error) {
	var b wire.Block
	err := d.db.InTx(ctx, func(tx *gorm.DB) (err error) {
		b, err = d.lease(tx.WithContext(ctx), station, count)
		return err
	})
	return b, err
}

func (d *Desk) lease(tx *gorm.DB, station id.Station, count int) (wire.Block, error) {
	b, err := take(tx, count)
	if err != nil {
		return b, err
	}
	row := receiving.Lease{First: b.First, Count: count, StationID: &station, LeasedAt: d.clock.Now()}
	if err := tx.Create(&row).Error; err != nil {
		return b, fmt.Errorf("lease plates: %w", err)
	}
	return b, nil
}

// leased reports whether plate n was leased to the station. Leases only ever grow, so a miss in the cache asks the database and a hit never does.
func (d *Desk) leased(tx *gorm.DB, station id.Station, n int64) (bool, error) {
	if v, ok := d.leases.Load(station); ok && within(v.([]wire.Block), n) {
		return true, nil
	}
	var rows []receiving.Lease
	if err := tx.Where("station_id = ?", station).Order("first").Find(&rows).Error; err != nil {
		return false, fmt.Errorf("leases of station %d: %w", station, err)
	}
	blocks := make([]wire.Block, len(rows))
	for i, r := range rows {
		blocks[i] = wire.Block{First: r.First, Count: r.Count}
	}
	d.leases.Store(station, blocks)
	return within(blocks, n), nil
}

func within(blocks []wire.Block, n int64) bool {
	for _, b := range blocks {
		if n >= b.First && n < b.First+int64(b.Count) {
			return true
		}
	}
	return false
}
