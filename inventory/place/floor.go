package place

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
)

// Guard keeps a released piece off the shelf for a reason that this room cannot know, such as a second inspection that is still due.
type Guard func(ctx context.Context, tx *gorm.DB, u inventory.Unit) error

// Floor is where units lie. Its verbs join the caller's transaction, in which the units are locked before their places and these before any balance.
type Floor struct {
	log    *event.Log
	ledger *inventory.Ledger
	guards []Guard
}

// NewFloor makes a floor.
func NewFloor(log *event.Log, ledger *inventory.Ledger) *Floor {
	return &Floor{log: log, ledger: ledger}
}

// Use adds a guard that is asked before a piece goes on a shelf. Call it while wiring.
func (f *Floor) Use(g Guard) { f.guards = append(f.guards, g) }

// Why is the reason of a change of place, as it is kept for ever.
type Why struct {
	Cause string // put_away, put_away_undo, inspection, left, stock_take
	Ref   string
	By    id.User
}

// Move says where units lie from now on: to nil takes them out of wherever they lie. The units are locked and of one warehouse. Their rows do not change. A
// place without room for all of them is fault.Conflict place_full.
func (f *Floor) Move(ctx context.Context, tx *gorm.DB, units []inventory.Unit, to *Place, why Why) error {
	tx = tx.WithContext(ctx)
	ids := make([]id.Unit, len(units))
	for i, u := range units {
		ids[i] = u.ID
	}
	var lie []spot
	if err := tx.Where("unit_id IN ?", ids).Find(&lie).Error; err != nil {
		return fmt.Errorf("read places: %w", err)
	}
	from := map[id.Unit]id.Place{}
	for _, s := range lie {
		from[s.UnitID] = s.PlaceID
	}
	now := f.log.Now()
	change := map[id.Place]int{}
	var rows []placement
	var spots []spot
	for _, u := range units {
		was, lay := from[u.ID]
		if to == nil && !lay || to != nil && lay && was == to.ID {
			continue
		}
		row := placement{UnitID: u.ID, Cause: why.Cause, CauseRef: why.Ref, ByUser: ref(why.By), At: now}
		if lay {
			change[was]--
			row.FromPlace = &was
		}
		if to != nil {
			change[to.ID]++
			row.ToPlace = &to.ID
			spots = append(spots, spot{UnitID: u.ID, PlaceID: to.ID, SKUID: u.SKUID, Since: now})
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	if err := f.count(tx, change, to); err != nil {
		return err
	}
	if err := tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("record placements: %w", err)
	}
	if to == nil {
		return wrap("take off", tx.Where("unit_id IN ?", ids).Delete(&spot{}).Error)
	}
	return wrap("place", tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "unit_id"}}, DoUpdates: clause.AssignmentColumns([]string{"place_id", "sku_id", "since"})}).Create(&spots).Error)
}

// count changes how many pieces places hold, in the order of their ids. The condition, not only the CHECK, refuses what does not fit: a broken CHECK would end
// the transaction.
func (f *Floor) count(tx *gorm.DB, change map[id.Place]int, to *Place) error {
	for _, p := range slices.Sorted(maps.Keys(change)) {
		n := change[p]
		res := tx.Exec("UPDATE places SET held = held + ? WHERE id = ? AND held + ? BETWEEN 0 AND capacity", n, p, n)
		if res.Error != nil {
			return fmt.Errorf("count place %d: %w", p, res.Error)
		}
		if res.RowsAffected == 1 {
			continue
		}
		if to == nil || p != to.ID {
			return fmt.Errorf("place %d holds fewer pieces than lie in it", p)
		}
		return fault.New(fault.Conflict, "place_full", "%s has no room for %d more: it takes %d", to.Code, n, to.Capacity).With("place", to.Code)
	}
	return nil
}

// lock reads units by their plates and holds their rows, in the order of their ids. All of them must exist in the warehouse.
func lock(tx *gorm.DB, w id.Warehouse, plates []string) ([]inventory.Unit, error) {
	var us []inventory.Unit
	if err := db.Lock(tx).Where("warehouse_id = ? AND plate IN ?", w, plates).Order("id").Find(&us).Error; err != nil {
		return nil, fmt.Errorf("read units: %w", err)
	}
	for _, p := range plates {
		if !slices.ContainsFunc(us, func(u inventory.Unit) bool { return u.Plate == p }) {
			return nil, fault.New(fault.NotFound, "unit_not_found", "there is no unit %s in this warehouse", p).With("plate", p)
		}
	}
	return us, nil
}

// turn brings a locked unit to a state and an account under a new version; u is updated too.
func turn(tx *gorm.DB, u *inventory.Unit, s inventory.State, a inventory.Account, now time.Time) error {
	res := tx.Model(&inventory.Unit{}).Where("id = ? AND version = ?", u.ID, u.Version).Updates(map[string]any{"state": s, "account": a, "moved_at": now, "version": u.Version + 1})
	if res.Error != nil {
		return fmt.Errorf("move unit %s: %w", u.Plate, res.Error)
	}
	if res.RowsAffected != 1 {
		return fault.New(fault.Conflict, "version_conflict", "unit %s was changed meanwhile; look at it again", u.Plate)
	}
	u.State, u.Account, u.MovedAt, u.Version = s, a, now, u.Version+1
	return nil
}

func ref[T ~int64](v T) *T {
	if v == 0 {
		return nil
	}
	return &v
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
