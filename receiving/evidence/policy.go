package evidence

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// Retention is how long evidence of a kind is kept. Owner 0 is every owner without a rule of its own.
type Retention struct {
	OwnerID  id.Owner
	Kind     string
	KeepDays int
}

// TableName names the table: evidence_retention.
func (Retention) TableName() string { return "evidence_retention" }

// Policy is what holds for an owner.
type Policy struct {
	EmptyPhoto bool           // closing a box as empty wants a photo of it, or gives somebody a task
	KeepDays   map[string]int // by kind
}

// retentions lists every rule, those for all owners first.
func (o *Office) retentions(ctx context.Context) ([]Retention, error) {
	var out []Retention
	err := o.db.From(ctx).Raw("SELECT 0 AS owner_id, code AS kind, keep_days FROM evidence_kinds UNION ALL SELECT owner_id, kind, keep_days FROM evidence_retention ORDER BY 1, 2").Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("read retention: %w", err)
	}
	return out, nil
}

// PolicyOf reads what holds for an owner.
func (o *Office) PolicyOf(ctx context.Context, owner id.Owner) (Policy, error) {
	rules, err := o.retentions(ctx)
	if err != nil {
		return Policy{}, err
	}
	p := Policy{KeepDays: map[string]int{}}
	for _, r := range rules { // the owner's own come last
		if r.OwnerID == 0 || r.OwnerID == owner {
			p.KeepDays[r.Kind] = r.KeepDays
		}
	}
	p.EmptyPhoto, err = wantsEmptyPhoto(o.db.From(ctx), owner)
	return p, err
}

// SetPolicy changes what holds for an owner: the kinds that are given, and whether an empty box wants a photo.
func (o *Office) SetPolicy(ctx context.Context, owner id.Owner, p Policy) error {
	for kind, days := range p.KeepDays {
		if !knownKind(kind) || days < 1 || days > 3650 {
			return fault.New(fault.Invalid, "retention_days", "evidence of a known kind is kept for 1 to 3650 days").With("kind", kind)
		}
	}
	err := o.db.InTx(ctx, func(tx *gorm.DB) error {
		for kind, days := range p.KeepDays {
			r := Retention{OwnerID: owner, Kind: kind, KeepDays: days}
			over := clause.OnConflict{Columns: []clause.Column{{Name: "owner_id"}, {Name: "kind"}}, DoUpdates: clause.AssignmentColumns([]string{"keep_days"})}
			if err := tx.Clauses(over).Create(&r).Error; err != nil {
				return err
			}
		}
		return tx.Exec("INSERT INTO evidence_rules (owner_id, empty_photo) VALUES (?, ?) ON CONFLICT (owner_id) DO UPDATE SET empty_photo = excluded.empty_photo", owner, p.EmptyPhoto).Error
	})
	if err != nil {
		return fmt.Errorf("set evidence policy: %w", err)
	}
	return nil
}

// wantsEmptyPhoto: an owner without a rule wants one, and so does a parcel that nobody owns.
func wantsEmptyPhoto(tx *gorm.DB, owner id.Owner) (bool, error) {
	var rules []bool
	if err := tx.Raw("SELECT empty_photo FROM evidence_rules WHERE owner_id = ?", owner).Scan(&rules).Error; err != nil {
		return false, fmt.Errorf("evidence rule of owner: %w", err)
	}
	return len(rules) == 0 || rules[0], nil
}

// OwnerNamed finds an owner over whose evidence a scope rules: a policy holds in every warehouse, so the grant has to.
func (o *Office) OwnerNamed(ctx context.Context, s auth.Scope, code string) (id.Owner, error) {
	var found []id.Owner
	if err := o.db.From(ctx).Raw("SELECT id FROM owners WHERE code = ?", code).Scan(&found).Error; err != nil {
		return 0, fmt.Errorf("read owner: %w", err)
	}
	if len(found) == 0 {
		return 0, fault.New(fault.NotFound, "owner_not_found", "there is no owner %s", code)
	}
	if !s.Covers(auth.Grant{Owner: found[0]}) {
		return 0, fault.New(fault.Denied, "policy_denied", "a policy holds in every warehouse, and your grants do not")
	}
	return found[0], nil
}
