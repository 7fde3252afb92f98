package office

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/desk"
)

// Cases decides cases.
type Cases struct {
	db  *db.DB
	log *event.Log
}

// NewCases makes the desk that decides cases.
func NewCases(d *db.DB, log *event.Log) *Cases { return &Cases{db: d, log: log} }

// Decide approves or rejects a case. note is kept in the event. A case that stands so already is fault.Conflict case_state: somebody else has decided it, and this
// person's note would be lost in silence.
func (c *Cases) Decide(ctx context.Context, caseID id.Case, decision, note string, by id.User) error {
	verb := aftersales.Approve
	switch decision {
	case "approved":
	case "rejected":
		verb = aftersales.Reject
	default:
		return fault.New(fault.Invalid, "decision_invalid", "a case is approved or rejected, not %q", decision)
	}
	err := c.db.InTx(ctx, func(tx *gorm.DB) error {
		now, err := aftersales.Locked(ctx, tx, caseID)
		if err != nil {
			return err
		}
		if now.Decision == decision {
			return fault.New(fault.Conflict, "case_state", "case %s is %s already", now.Number, now.Decision).With("state", now.Decision)
		}
		_, err = verb(ctx, tx, c.log, caseID, by, note)
		return err
	})
	if err != nil {
		return fmt.Errorf("decide case %d: %w", caseID, err)
	}
	return nil
}

// Refunds holds what people do with refunds.
type Refunds struct {
	db     *db.DB
	engine *refund.Engine
}

// NewRefunds makes the desk that authorizes refunds.
func NewRefunds(d *db.DB, e *refund.Engine) *Refunds { return &Refunds{db: d, engine: e} }

// Authorize lets a refund go out; whoever asked for it cannot.
func (r *Refunds) Authorize(ctx context.Context, f id.Refund, note string, by id.User) error {
	return r.do(ctx, "authorize", f, func(tx *gorm.DB) error {
		_, err := r.engine.Authorize(ctx, tx, f, by, note)
		return err
	})
}

// Hold keeps an authorized refund from going out.
func (r *Refunds) Hold(ctx context.Context, f id.Refund, reason string, by id.User) error {
	return r.do(ctx, "hold", f, func(tx *gorm.DB) error {
		_, err := r.engine.Hold(ctx, tx, f, by, reason)
		return err
	})
}

// Release lets a held refund go on.
func (r *Refunds) Release(ctx context.Context, f id.Refund, by id.User) error {
	return r.do(ctx, "release", f, func(tx *gorm.DB) error {
		_, err := r.engine.Release(ctx, tx, f, by)
		return err
	})
}

// Cancel withdraws a refund that never went out.
func (r *Refunds) Cancel(ctx context.Context, f id.Refund, reason string, by id.User) error {
	return r.do(ctx, "withdraw", f, func(tx *gorm.DB) error {
		_, err := r.engine.Cancel(ctx, tx, f, by, reason)
		return err
	})
}

// Replace makes the successor of a refund whose route is proven closed; another person authorizes it.
func (r *Refunds) Replace(ctx context.Context, f id.Refund, by id.User) error {
	return r.do(ctx, "replace", f, func(tx *gorm.DB) error {
		_, err := r.engine.Replace(ctx, tx, f, by)
		return err
	})
}

// PayByHand records that the money of such a refund was paid another way; another person confirms it.
func (r *Refunds) PayByHand(ctx context.Context, f id.Refund, proof string, by id.User) error {
	return r.do(ctx, "pay by hand", f, func(tx *gorm.DB) error {
		_, err := r.engine.PayByHand(ctx, tx, f, by, proof)
		return err
	})
}

// Attribute ties a refund that others made to the case it belongs to.
func (r *Refunds) Attribute(ctx context.Context, f id.Refund, c id.Case, by id.User) error {
	return r.do(ctx, "attribute", f, func(tx *gorm.DB) error {
		_, err := r.engine.Attribute(ctx, tx, f, c, by)
		return err
	})
}

func (r *Refunds) do(ctx context.Context, what string, f id.Refund, fn func(tx *gorm.DB) error) error {
	if err := r.db.InTx(ctx, fn); err != nil {
		return fmt.Errorf("%s refund %d: %w", what, f, err)
	}
	return nil
}

// Scans holds what people do with scans that were set aside.
type Scans struct{ desk *desk.Desk }

// NewScans makes the desk for parked scans.
func NewScans(k *desk.Desk) *Scans { return &Scans{desk: k} }

// Rerun decides a parked scan again.
func (s *Scans) Rerun(ctx context.Context, producer string, seq uint64, by id.User, reason string) error {
	return s.desk.Rerun(ctx, producer, seq, by, reason)
}

// Dismiss ends a parked scan that nobody will run again.
func (s *Scans) Dismiss(ctx context.Context, producer string, seq uint64, by id.User, reason string) error {
	return s.desk.Dismiss(ctx, producer, seq, by, reason)
}

// Parcels holds what people do with a parcel away from the bench.
type Parcels struct {
	db   *db.DB
	desk *desk.Desk
}

// NewParcels makes the desk for parcels.
func NewParcels(d *db.DB, k *desk.Desk) *Parcels { return &Parcels{db: d, desk: k} }

// Reopen puts a closed parcel back on the dock.
func (p *Parcels) Reopen(ctx context.Context, parcel id.Parcel, by id.User, reason string) error {
	return p.desk.Reopen(ctx, parcel, by, reason)
}

// Claim ties a parcel of unknown owner to a case; its units are judged anew.
func (p *Parcels) Claim(ctx context.Context, parcel id.Parcel, caseID id.Case, by id.User) error {
	err := p.db.InTx(ctx, func(tx *gorm.DB) error { return p.desk.ClaimBy(ctx, tx, caseID, parcel, by) })
	if err != nil {
		return fmt.Errorf("claim parcel %d: %w", parcel, err)
	}
	return nil
}
