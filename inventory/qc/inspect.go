package qc

import (
	"context"
	"encoding/json"
	"fmt"
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
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
)

// Guard refuses to let an inspection be undone because of something that inventory cannot know, such as a refund on its way (fault.Conflict refund_sending).
type Guard func(ctx context.Context, tx *gorm.DB, unit inventory.Unit) error

// Hold locks what a unit belongs to before the unit itself is locked: what follows from an inspection moves it, and locks have one order.
type Hold func(ctx context.Context, tx *gorm.DB, unit inventory.Unit) error

// Bench is where units are inspected.
type Bench struct {
	db     *db.DB
	log    *event.Log
	ledger *inventory.Ledger
	floor  *place.Floor
	guards []Guard
	hold   Hold
	free   Free
	keeps  []Guard
}

// New makes a bench. Guards are asked in order before an inspection is undone.
func New(d *db.DB, log *event.Log, ledger *inventory.Ledger, guards ...Guard) *Bench {
	return &Bench{db: d, log: log, ledger: ledger, floor: place.NewFloor(log, ledger), guards: guards}
}

// Use makes the bench call h before it locks a unit to inspect it or to undo that. Call it while wiring.
func (b *Bench) Use(h Hold) { b.hold = h }

// Keep makes the bench ask g before a unit is inspected, graded anew or handed over: something that inventory cannot know may want the piece where it is (fault.Conflict evidence_hold). Call it
// while wiring.
func (b *Bench) Keep(g Guard) { b.keeps = append(b.keeps, g) }

// Decision is what an inspector decided about one unit.
type Decision struct {
	Plate          string
	Grade          string          // A, B, C, D
	Disposition    string          // one of Dispositions; empty takes the grade's Default
	Checks         map[string]bool // an answer to each check of the category
	Note           string
	Version        int64  // of the unit as the inspector saw it
	OverrideReason string // why one person both received and releases above the owner's limit
	Tote           string // the tote it was put into
	By             id.User
	Manager        bool // By may scrap above the owner's limit
	ByScan         bool // grade and disposition were scanned: Checks are those of ByScan
}

// Inspect grades a unit and moves it where the disposition says. Of several inspectors who confirm at once exactly one wins; the others get fault.Conflict
// already_inspected or version_conflict. A piece that is expired or recalled and
// would be sold is frozen instead: the answer is an Inspection that has nothing but Blocked.
func (b *Bench) Inspect(ctx context.Context, d Decision) (Inspection, error) {
	var out Inspection
	err := b.db.InTx(ctx, func(tx *gorm.DB) error {
		var err error
		out, err = b.InspectIn(ctx, tx, d)
		return err
	})
	return out, err
}

// stays asks whether somebody wants the piece to stay where it is.
func (b *Bench) stays(ctx context.Context, tx *gorm.DB, u inventory.Unit) error {
	for _, g := range b.keeps {
		if err := g(ctx, tx, u); err != nil {
			return err
		}
	}
	return nil
}

// InspectIn is Inspect inside the caller's transaction.
func (b *Bench) InspectIn(ctx context.Context, tx *gorm.DB, d Decision) (Inspection, error) {
	tx = tx.WithContext(ctx)
	u, err := b.locked(ctx, tx, d.Plate)
	if err != nil {
		return Inspection{}, err
	}
	if err := inspectable(tx, u, d.Version); err != nil {
		return Inspection{}, err
	}
	if err := b.stays(ctx, tx, u); err != nil {
		return Inspection{}, err
	}
	if d.Disposition == "" {
		d.Disposition = Default[d.Grade]
	}
	r, err := ruleOf(d.Disposition)
	if err != nil {
		return Inspection{}, err
	}
	if err := r.fits(d.Grade, u); err != nil {
		return Inspection{}, err
	}
	p, err := policy(tx, u.OwnerID)
	if err != nil {
		return Inspection{}, err
	}
	if why, err := b.unsellable(tx, u, d, r, p); err != nil {
		return Inspection{}, err
	} else if why != "" {
		return Inspection{UnitID: u.ID, Blocked: why}, b.freeze(ctx, tx, []inventory.Unit{u}, frost{reason: why, by: d.By})
	}
	if err := allowed(tx, u, d, r, p); err != nil {
		return Inspection{}, err
	}
	return b.record(ctx, tx, u, d, r.released(p.AvailableOn == "put_away"), p)
}

// policy reads what the owner decided. An owner without a policy has limits of zero: the careful reading.
func policy(tx *gorm.DB, o id.Owner) (catalogue.Policy, error) {
	p := catalogue.Policy{SecondLookPercent: 2, SecondLookFirst: 20}
	if err := tx.Where("owner_id = ?", o).Limit(1).Find(&p).Error; err != nil {
		return p, fmt.Errorf("policy of owner %d: %w", o, err)
	}
	return p, nil
}

// locked holds what a unit belongs to, then the unit.
func (b *Bench) locked(ctx context.Context, tx *gorm.DB, plate string) (inventory.Unit, error) {
	if b.hold == nil {
		return locked(tx, plate)
	}
	seen, err := read(tx, plate)
	if err != nil {
		return seen, err
	}
	if err := b.hold(ctx, tx, seen); err != nil {
		return seen, err
	}
	u, err := locked(tx, plate)
	if err == nil && (u.CaseID == nil) != (seen.CaseID == nil) || u.CaseID != nil && *u.CaseID != *seen.CaseID {
		return u, db.ErrAgain // a case has claimed it in between
	}
	return u, err
}

// locked reads a unit by its plate and holds its row.
func locked(tx *gorm.DB, plate string) (inventory.Unit, error) { return read(db.Lock(tx), plate) }

func read(tx *gorm.DB, plate string) (inventory.Unit, error) {
	var u inventory.Unit
	plate = strings.ToUpper(strings.TrimSpace(plate))
	res := tx.Where("plate = ?", plate).Limit(1).Find(&u)
	if res.Error != nil {
		return u, fmt.Errorf("read unit %s: %w", plate, res.Error)
	}
	if res.RowsAffected == 0 {
		return u, fault.New(fault.NotFound, "unit_not_found", "there is no unit %s", plate)
	}
	return u, nil
}

// Live returns the inspection of a unit that has not been undone. None is fault.NotFound not_inspected.
func Live(tx *gorm.DB, unit id.Unit) (Inspection, error) {
	var i Inspection
	res := tx.Where("unit_id = ? AND undone_at IS NULL AND closed_at IS NULL", unit).Limit(1).Find(&i)
	if res.Error != nil {
		return i, fmt.Errorf("inspection of unit %d: %w", unit, res.Error)
	}
	if res.RowsAffected == 0 {
		return i, fault.New(fault.NotFound, "not_inspected", "the unit has no inspection")
	}
	return i, nil
}

func inspectable(tx *gorm.DB, u inventory.Unit, version int64) error {
	switch _, err := Live(tx, u.ID); {
	case err == nil:
		return fault.New(fault.Conflict, "already_inspected", "unit %s is inspected already; undo that first", u.Plate)
	case !fault.IsKind(err, fault.NotFound):
		return err
	}
	if u.Version != version {
		return fault.New(fault.Conflict, "version_conflict", "unit %s was changed meanwhile; look at it again", u.Plate).With("version", strconv.FormatInt(u.Version, 10))
	}
	if u.State != inventory.Quarantine && u.State != inventory.Custody {
		return fault.New(fault.Conflict, "unit_state", "unit %s is %s; only units in quarantine or custody are inspected", u.Plate, u.State).With("state", string(u.State))
	}
	if u.Finding == "unclaimed" { // its parcel leaves by two persons, and not piece by piece
		return fault.New(fault.Conflict, "owner_unknown", "nobody knows yet whose unit %s is: find the owner of its parcel first, or ask for its end there", u.Plate).With("plate", u.Plate)
	}
	return nil
}

// allowed applies the category's checks and the owner's limits.
func allowed(tx *gorm.DB, u inventory.Unit, d Decision, r rule, p catalogue.Policy) error {
	var sku catalogue.SKU
	if err := tx.Where("id = ?", u.SKUID).Take(&sku).Error; err != nil {
		return fmt.Errorf("SKU of unit %s: %w", u.Plate, err)
	}
	list := Checklist(sku.Category)
	if err := answers(list, sku.Category, d); err != nil {
		return err
	}
	if err := contained(tx, u, d, dangerous(list, d.Checks), r); err != nil {
		return err
	}
	self := u.ReceivedBy != nil && *u.ReceivedBy == d.By
	if self && r.disposition != Repair && u.ValueMinor > p.SelfReleaseLimitMinor && strings.TrimSpace(d.OverrideReason) == "" {
		return fault.New(fault.Denied, "self_release", "you received unit %s yourself and it is above the limit: another person inspects it, or give a reason", u.Plate).
			With("limit_minor", strconv.FormatInt(p.SelfReleaseLimitMinor, 10))
	}
	if r.disposition != ScrapIt {
		return nil
	}
	if strings.TrimSpace(d.Note) == "" {
		return fault.New(fault.Invalid, "scrap_reason", "say in the note why unit %s is scrapped", u.Plate)
	}
	// Goods that are not ours have no value in our books, so the limit cannot protect them.
	if !d.Manager && (u.ValueMinor > p.ScrapLimitMinor || u.Account == inventory.InCustody) {
		return fault.New(fault.Denied, "scrap_limit", "scrapping unit %s needs a manager", u.Plate).With("limit_minor", strconv.FormatInt(p.ScrapLimitMinor, 10))
	}
	return nil
}

// answers wants an answer to every check, or a category whose checks a scanned grade answers.
func answers(list []Check, category string, d Decision) error {
	if !d.ByScan {
		return answered(list, d.Checks, d.Grade)
	}
	if _, ok := ByScan(category, d.Grade); !ok {
		return fault.New(fault.Invalid, "checks_on_screen", "pieces of category %s have checks that are answered on the screen", category).With("category", category)
	}
	return nil
}

// record writes the inspection, the unit, the event and, last, the movement: balances are hot rows and are locked as briefly as can be.
func (b *Bench) record(ctx context.Context, tx *gorm.DB, u inventory.Unit, d Decision, r rule, p catalogue.Policy) (Inspection, error) {
	now := b.log.Now()
	checks, err := json.Marshal(d.Checks)
	if err != nil {
		return Inspection{}, fmt.Errorf("checks of unit %s: %w", u.Plate, err)
	}
	if d.Checks == nil {
		checks = []byte("{}")
	}
	var rounds int
	if err := tx.Raw("SELECT COUNT(*) FROM inspections WHERE unit_id = ? AND closed_at IS NOT NULL", u.ID).Scan(&rounds).Error; err != nil {
		return Inspection{}, fmt.Errorf("rounds of unit %s: %w", u.Plate, err)
	}
	i := Inspection{Round: rounds + 1, ByScan: d.ByScan, UnitID: u.ID, Grade: d.Grade, Disposition: r.disposition, Checks: string(checks), Note: strings.TrimSpace(d.Note), Tote: d.Tote,
		OverrideReason: strings.TrimSpace(d.OverrideReason), ByUser: d.By, At: now, UnitVersion: u.Version + 1}
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&i)
	if res.Error != nil {
		return Inspection{}, fmt.Errorf("record inspection of %s: %w", u.Plate, res.Error)
	}
	if res.RowsAffected == 0 {
		return Inspection{}, fault.New(fault.Conflict, "already_inspected", "unit %s is inspected already; undo that first", u.Plate)
	}
	from := u.Account
	if err := b.box(ctx, tx, u, d, r, i.ID); err != nil {
		return Inspection{}, err
	}
	drawn, err := draw(tx, u, i, p)
	if err != nil {
		return Inspection{}, err
	}
	if err := move(tx, &u, r.state, r.account, now); err != nil {
		return Inspection{}, err
	}
	kind, data := "backdock.unit.inspected.v1", event.Data{"inspection": i.ID, "grade": i.Grade, "disposition": i.Disposition, "account": r.account, "from": from}
	if i.OverrideReason != "" {
		data["override"] = true
	}
	if drawn {
		data["second_look"] = true
	}
	if i.Round > 1 { // the return was judged when the piece came; what repair made of it is no affair of the case
		kind, data["round"] = "backdock.unit.inspected_again.v1", i.Round
	}
	if err := b.log.Append(ctx, tx, fact(kind, u, d.By, data)); err != nil {
		return Inspection{}, err
	}
	err = b.ledger.Post(ctx, tx, []inventory.Movement{{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: from, ToAccount: r.account,
		Quantity: 1, UnitID: &u.ID, Cause: "inspection", CauseRef: ref(i.ID), ByUser: &d.By, At: now}})
	if err != nil {
		return Inspection{}, fmt.Errorf("move unit %s: %w", u.Plate, err)
	}
	return i, nil
}

// move brings a locked unit to a state and an account; u is updated too.
func move(tx *gorm.DB, u *inventory.Unit, s inventory.State, a inventory.Account, now time.Time) error {
	res := tx.Model(&inventory.Unit{}).Where("id = ? AND version = ?", u.ID, u.Version).
		Updates(map[string]any{"state": s, "account": a, "moved_at": now, "version": u.Version + 1})
	if res.Error != nil {
		return fmt.Errorf("move unit %s: %w", u.Plate, res.Error)
	}
	if res.RowsAffected != 1 {
		return fault.New(fault.Conflict, "version_conflict", "unit %s was changed meanwhile; look at it again", u.Plate)
	}
	u.State, u.Account, u.MovedAt, u.Version = s, a, now, u.Version+1
	return nil
}

// fact makes an event about a unit; data gets what every follower needs to find the case.
func fact(kind string, u inventory.Unit, by id.User, data event.Data) event.Event {
	data["unit"], data["plate"], data["finding"] = u.ID, u.Plate, u.Finding
	if u.CaseID != nil {
		data["case"] = *u.CaseID
	}
	if u.CaseLineID != nil {
		data["case_line"] = *u.CaseLineID
	}
	return event.Event{Type: kind, Subject: "unit/" + u.Plate, Version: u.Version, OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, ByUser: by, At: u.MovedAt, Data: data}
}

func ref(i id.Inspection) string { return strconv.FormatInt(int64(i), 10) }
