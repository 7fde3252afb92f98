package qc

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
)

// SecondLook is an inspection that somebody else makes again, blind. A piece whose second look is open goes on no shelf and leaves with nobody.
//
//	due ─┬─ same grade ──▶ agreed         differs ─┬─ manager keeps the first ──▶ kept
//	     ├─ other grade ─▶ differs                 └─ manager takes the second ─▶ changed (the piece moves)
//	     ├─ waived by a manager           void: the first inspection was undone, or the piece came back from repair
type SecondLook struct {
	ID           int64 `gorm:"primaryKey"`
	InspectionID id.Inspection
	UnitID       id.Unit
	WarehouseID  id.Warehouse
	FirstBy      id.User
	State        string
	DrawnAt      time.Time
	Grade        *string
	Checks       string `gorm:"default:{}"`
	Note         string
	ByUser       *id.User
	At           *time.Time
	SettledBy    *id.User
	SettledAt    *time.Time
	SettleReason string
}

// TableName names the table: second_looks.
func (SecondLook) TableName() string { return "second_looks" }

// draw decides whether an inspection is made again: the first ones of a new inspector all are, of the others a share. The lot is drawn from what names the
// inspection and from nothing else, so that it can be drawn again by whoever doubts it.
func draw(tx *gorm.DB, u inventory.Unit, i Inspection, p catalogue.Policy) (bool, error) {
	r, err := ruleOf(i.Disposition)
	if err != nil || r.gone() {
		return false, err // what has left cannot be looked at
	}
	drawn := Lot(u.Plate, i.ID, i.ByUser) < p.SecondLookPercent
	if !drawn && p.SecondLookFirst > 0 {
		var made int64
		if err := tx.Raw("SELECT COUNT(*) FROM (SELECT 1 FROM inspections WHERE by_user = ? AND undone_at IS NULL LIMIT ?) AS made", i.ByUser, p.SecondLookFirst+1).Scan(&made).Error; err != nil {
			return false, fmt.Errorf("inspections of user %d: %w", i.ByUser, err)
		}
		drawn = made <= int64(p.SecondLookFirst)
	}
	if !drawn {
		return false, nil
	}
	look := SecondLook{InspectionID: i.ID, UnitID: u.ID, WarehouseID: u.WarehouseID, FirstBy: i.ByUser, State: "due", DrawnAt: i.At}
	if err := tx.Create(&look).Error; err != nil {
		return false, fmt.Errorf("draw second look at %s: %w", u.Plate, err)
	}
	return true, nil
}

// Lot is the number from 0 to 99 that an inspection draws; one below the owner's percentage is made again.
func Lot(plate string, i id.Inspection, by id.User) int {
	sum := sha256.Sum256(fmt.Appendf(nil, "second look|%s|%d|%d", plate, i, by))
	return int(binary.BigEndian.Uint64(sum[:8]) % 100)
}

// Look is what the second inspector found, without having seen what the first one did.
type Look struct {
	Plate  string
	Grade  string
	Checks map[string]bool
	Note   string
	By     id.User
}

// LookAgain records the second inspection. It moves nothing: where the two agree the piece is free to go on a shelf, where they do not a manager decides.
func (b *Bench) LookAgain(ctx context.Context, l Look) (agreed bool, err error) {
	err = b.db.InTx(ctx, func(tx *gorm.DB) error {
		agreed, err = b.lookAgain(ctx, tx.WithContext(ctx), l)
		return err
	})
	return agreed, err
}

func (b *Bench) lookAgain(ctx context.Context, tx *gorm.DB, l Look) (bool, error) {
	u, err := locked(tx, l.Plate)
	if err != nil {
		return false, err
	}
	look, err := open(tx, u, "due")
	if err != nil {
		return false, err
	}
	if look.FirstBy == l.By {
		return false, fault.New(fault.Denied, "second_look_self", "you inspected unit %s yourself: somebody else looks at it again", u.Plate).With("plate", u.Plate)
	}
	var category string
	if err := tx.Raw("SELECT category FROM skus WHERE id = ?", u.SKUID).Scan(&category).Error; err != nil {
		return false, fmt.Errorf("SKU of unit %s: %w", u.Plate, err)
	}
	if _, ok := Default[l.Grade]; !ok {
		return false, fault.New(fault.Invalid, "grade_unknown", "there is no grade %q: want A, B, C or D", l.Grade)
	}
	if err := answered(Checklist(category), l.Checks, l.Grade); err != nil {
		return false, err
	}
	first, err := inspectionOf(tx, look)
	if err != nil {
		return false, err
	}
	checks, err := json.Marshal(l.Checks)
	if err != nil {
		return false, fmt.Errorf("checks of unit %s: %w", u.Plate, err)
	}
	state := "agreed"
	if first.Grade != l.Grade {
		state = "differs"
	}
	err = b.settle(tx, look, map[string]any{"state": state, "grade": l.Grade, "checks": string(checks), "note": strings.TrimSpace(l.Note), "by_user": l.By, "at": b.log.Now()})
	if err != nil {
		return false, err
	}
	u.MovedAt = b.log.Now() // the time of the fact; the unit itself stays as it is
	return state == "agreed", b.log.Append(ctx, tx, fact("backdock.unit.looked_again.v1", u, l.By, event.Data{"inspection": look.InspectionID, "agreed": state == "agreed"}))
}

// Settlement is a manager's word on a second look.
type Settlement struct {
	Plate  string
	Take   string // first, second, or waive where nobody has looked yet
	Reason string
	By     id.User
}

// Settle ends a second look that differs, or waives one that is due. Taking the second grade moves the piece to where that grade leads; money and case stay as
// the first inspection left them, and the service desk hears of it.
func (b *Bench) Settle(ctx context.Context, s Settlement) error {
	s.Reason = strings.TrimSpace(s.Reason)
	if s.Reason == "" {
		return fault.New(fault.Invalid, "settle_reason", "say why you decide so")
	}
	want := map[string][2]string{"first": {"differs", "kept"}, "second": {"differs", "changed"}, "waive": {"due", "waived"}}[s.Take]
	if want[0] == "" {
		return fault.New(fault.Invalid, "settle_take", "take the first grade, the second, or waive the second look")
	}
	return b.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		u, err := locked(tx, s.Plate)
		if err != nil {
			return err
		}
		look, err := open(tx, u, want[0])
		if err != nil {
			return err
		}
		err = b.settle(tx, look, map[string]any{"state": want[1], "settled_by": s.By, "settled_at": b.log.Now(), "settle_reason": s.Reason})
		if err != nil {
			return err
		}
		if s.Take != "second" {
			u.MovedAt = b.log.Now()
			return b.log.Append(ctx, tx, fact("backdock.unit.second_look_settled.v1", u, s.By, event.Data{"inspection": look.InspectionID, "take": s.Take}))
		}
		return b.regrade(ctx, tx, u, look, s)
	})
}

// regrade moves a piece to where the second grade leads.
func (b *Bench) regrade(ctx context.Context, tx *gorm.DB, u inventory.Unit, look SecondLook, s Settlement) error {
	if err := b.stays(ctx, tx, u); err != nil {
		return err
	}
	r, err := ruleOf(Default[*look.Grade])
	if err != nil {
		return err
	}
	p, err := policy(tx, u.OwnerID)
	if err != nil {
		return err
	}
	r = r.released(p.AvailableOn == "put_away")
	if u.State == inventory.Blocked || u.State == inventory.Quarantine || u.State == inventory.Custody {
		return fault.New(fault.Conflict, "moved_on", "unit %s is %s by now", u.Plate, u.State).With("state", string(u.State))
	}
	from := u.Account
	if r.gone() {
		if err := b.box(ctx, tx, u, Decision{By: s.By}, r, look.InspectionID); err != nil {
			return err
		}
	}
	data := event.Data{"inspection": look.InspectionID, "grade": *look.Grade, "account": r.account, "from": from, "take": "second"}
	now := b.log.Now()
	if err := move(tx, &u, r.state, r.account, now); err != nil {
		return err
	}
	if err := b.log.Append(ctx, tx, fact("backdock.unit.regraded.v1", u, s.By, data)); err != nil || from == r.account {
		return err
	}
	d := inventory.Deltas{}
	if err := b.freeAll(ctx, tx, map[inventory.Key]int64{{Owner: u.OwnerID, Warehouse: u.WarehouseID, SKU: u.SKUID, Account: from}: 1}, s.By, d); err != nil {
		return err
	}
	err = b.ledger.Record(ctx, tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: from, ToAccount: r.account, Quantity: 1,
		UnitID: &u.ID, Cause: "regrade", CauseRef: ref(look.InspectionID), ByUser: &s.By, At: now}}, d)
	if err != nil {
		return err
	}
	if err = b.ledger.Apply(ctx, tx, d); fault.Code(err) == "stock_short" && b.free != nil {
		return db.ErrAgain
	}
	return err
}

// open finds the second look of a locked unit in a state.
func open(tx *gorm.DB, u inventory.Unit, state string) (SecondLook, error) {
	var l SecondLook
	res := tx.Where("unit_id = ? AND state = ?", u.ID, state).Order("id DESC").Limit(1).Find(&l)
	if res.Error != nil {
		return l, fmt.Errorf("second look at %s: %w", u.Plate, res.Error)
	}
	if res.RowsAffected == 0 {
		return l, fault.New(fault.Conflict, "second_look_none", "no second look at unit %s is %s", u.Plate, state).With("plate", u.Plate)
	}
	return l, nil
}

// settle changes a second look of a locked unit.
func (b *Bench) settle(tx *gorm.DB, l SecondLook, set map[string]any) error {
	res := tx.Model(&SecondLook{}).Where("id = ? AND state = ?", l.ID, l.State).Updates(set)
	if res.Error != nil {
		return fmt.Errorf("second look %d: %w", l.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return db.ErrAgain
	}
	return nil
}

func inspectionOf(tx *gorm.DB, l SecondLook) (Inspection, error) {
	var i Inspection
	if err := tx.Where("id = ?", l.InspectionID).Take(&i).Error; err != nil {
		return i, fmt.Errorf("inspection %d: %w", l.InspectionID, err)
	}
	return i, nil
}

// NoSecondLook refuses a piece whose second look is open: it goes nowhere before somebody else has seen it. It is a place.Guard.
func NoSecondLook(ctx context.Context, tx *gorm.DB, u inventory.Unit) error {
	var n int64
	if err := tx.WithContext(ctx).Model(&SecondLook{}).Where("unit_id = ? AND state IN ('due', 'differs')", u.ID).Count(&n).Error; err != nil {
		return fmt.Errorf("second look at %s: %w", u.Plate, err)
	}
	if n > 0 {
		return fault.New(fault.Conflict, "second_look_due", "unit %s is to be looked at once more by somebody else before it goes anywhere", u.Plate).With("plate", u.Plate)
	}
	return nil
}
