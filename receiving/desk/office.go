package desk

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
)

// Reopen puts a closed parcel back on the dock: its next scan opens it again. It needs a reason; the api asks for a manager.
func (d *Desk) Reopen(ctx context.Context, parcel id.Parcel, by id.User, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fault.New(fault.Invalid, "reason_missing", "say why the parcel is opened again")
	}
	return d.db.InTx(ctx, func(tx *gorm.DB) error {
		var p receiving.Parcel
		res := db.Lock(tx.WithContext(ctx)).Where("id = ?", parcel).Limit(1).Find(&p)
		if res.Error != nil {
			return fmt.Errorf("lock parcel: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			return fault.New(fault.NotFound, "parcel_not_found", "there is no parcel %s", Number(parcel))
		}
		if p.State != "closed" || p.BenchID == nil {
			return fault.New(fault.Conflict, "parcel_state", "parcel %s is %s, not closed", Number(parcel), p.State)
		}
		res = tx.Model(&receiving.Parcel{}).Where("id = ? AND version = ?", p.ID, p.Version).Updates(map[string]any{"state": "held", "held_at": d.clock.Now(), "version": p.Version + 1})
		if res.Error != nil || res.RowsAffected != 1 {
			return fmt.Errorf("reopen parcel: %d rows: %w", res.RowsAffected, res.Error)
		}
		if err := d.takeBack(ctx, tx, p.ID); err != nil {
			return err
		}
		return d.log.Append(ctx, tx, event.Event{Type: "backdock.parcel.reopened.v1", Subject: "parcel/" + Number(p.ID), Version: p.Version + 1, WarehouseID: p.WarehouseID,
			OwnerID: deref(p.OwnerID), ByUser: by, Data: event.Data{"parcel": Number(p.ID), "reason": reason}})
	})
}

// takeBack undoes what closing booked onto the case lines; closing again books the new counts.
func (d *Desk) takeBack(ctx context.Context, tx *gorm.DB, p id.Parcel) error {
	var lines []receiving.ReceiptLine
	if err := tx.WithContext(ctx).Where("parcel_id = ? AND case_line_id IS NOT NULL AND received > 0 AND expected > 0", p).Order("case_line_id").Find(&lines).Error; err != nil {
		return fmt.Errorf("lines of %s: %w", Number(p), err)
	}
	for _, l := range lines {
		if err := tx.Model(&aftersales.CaseLine{}).Where("id = ?", *l.CaseLineID).Update("received", gorm.Expr("received - ?", l.Received)).Error; err != nil {
			return fmt.Errorf("take back from case line: %w", err)
		}
	}
	return nil
}

// Claim ties a parcel of unknown owner to the case that turned out to be its own, and judges its units anew: those the case awaits leave custody for quarantine.
func (d *Desk) Claim(ctx context.Context, tx *gorm.DB, caseID id.Case, parcel id.Parcel) error {
	tx = tx.WithContext(ctx)
	c, err := aftersales.Locked(ctx, tx, caseID)
	if err != nil {
		return err
	}
	var p receiving.Parcel
	if res := db.Lock(tx).Where("id = ?", parcel).Limit(1).Find(&p); res.Error != nil || res.RowsAffected == 0 {
		return fault.New(fault.NotFound, "parcel_not_found", "there is no parcel %s", Number(parcel))
	}
	if p.OwnerID != nil || p.Kind != "unknown" {
		return fault.New(fault.Conflict, "parcel_claimed", "parcel %s has an owner already", Number(parcel))
	}
	s := &session{d: d, ctx: ctx, tx: tx, now: d.clock.Now()}
	claim := claim{s: s, c: c, p: p}
	return claim.run()
}

// claim is one parcel finding its owner.
type claim struct {
	s *session
	c aftersales.Case
	p receiving.Parcel
	o *opened
}

func (k *claim) run() error {
	s := k.s
	k.p.Kind, k.p.OwnerID = "customer_return", &k.c.OwnerID
	k.o = newOpened(k.p)
	if err := s.awaitCase(k.o, k.c); err != nil {
		return err
	}
	rows := make([]receiving.ReceiptLine, len(k.o.lines))
	for i, l := range k.o.lines {
		rows[i] = l.ReceiptLine
	}
	if len(rows) > 0 {
		if err := s.tx.Create(&rows).Error; err != nil {
			return fmt.Errorf("receipt lines: %w", err)
		}
	}
	for i, l := range k.o.lines {
		l.ID = rows[i].ID
	}
	var units []inventory.Unit
	if err := db.Lock(s.tx).Where("parcel_id = ? AND state = 'custody' AND finding = 'unclaimed'", k.p.ID).Order("id").Find(&units).Error; err != nil {
		return fmt.Errorf("units of %s: %w", Number(k.p.ID), err)
	}
	var events []event.Event
	for _, u := range units {
		e, err := k.rejudge(u)
		if err != nil {
			return err
		}
		events = append(events, e...)
	}
	if err := k.save(); err != nil {
		return err
	}
	if err := s.d.ledger.Post(s.ctx, s.tx, s.moves); err != nil {
		return err
	}
	events = append(events, event.Event{Type: "backdock.parcel.claimed.v1", Subject: "parcel/" + Number(k.p.ID), Version: k.p.Version, WarehouseID: k.p.WarehouseID,
		OwnerID: k.c.OwnerID, ShopID: k.c.ShopID, Data: event.Data{"parcel": Number(k.p.ID), "cases": []id.Case{k.c.ID}, "received": k.o.p.Received, "expected": k.o.p.Expected, "state": k.p.State}})
	return s.d.log.Append(s.ctx, s.tx, events...)
}

// rejudge moves a unit to quarantine when the case awaits it; anything else stays in custody as not declared.
func (k *claim) rejudge(u inventory.Unit) ([]event.Event, error) {
	for _, l := range k.o.lines {
		if l.SKUID != u.SKUID || l.Received >= l.Expected {
			continue
		}
		l.Received++
		k.o.p.Received++
		var value int64
		if err := k.s.tx.Table("skus").Select("value_minor").Where("id = ?", u.SKUID).Limit(1).Scan(&value).Error; err != nil {
			return nil, fmt.Errorf("value of %s: %w", u.Plate, err)
		}
		old := deref(u.ReceiptLineID)
		res := k.s.tx.Model(&inventory.Unit{}).Where("id = ? AND version = ?", u.ID, u.Version).Updates(map[string]any{"state": inventory.Quarantine,
			"account": inventory.InQuarantine, "finding": "match", "title": "ours", "value_minor": value, "case_id": k.c.ID, "case_line_id": l.CaseLineID,
			"order_line_id": l.OrderLineID, "receipt_line_id": l.ID, "owner_id": k.c.OwnerID, "moved_at": k.s.now, "version": u.Version + 1})
		if res.Error != nil || res.RowsAffected != 1 {
			return nil, fmt.Errorf("rejudge %s: %d rows: %w", u.Plate, res.RowsAffected, res.Error)
		}
		if old != 0 {
			if err := k.s.tx.Model(&receiving.ReceiptLine{}).Where("id = ?", old).Update("received", gorm.Expr("received - 1")).Error; err != nil {
				return nil, fmt.Errorf("rejudge %s: %w", u.Plate, err)
			}
		}
		k.s.moves = append(k.s.moves, inventory.Movement{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: inventory.InCustody,
			ToAccount: inventory.InQuarantine, Quantity: 1, UnitID: &u.ID, Cause: "claim", CauseRef: k.c.Number, At: k.s.now})
		return []event.Event{{Type: "backdock.unit.received.v1", Subject: "unit/" + u.Plate, Version: u.Version + 1, OwnerID: k.c.OwnerID, WarehouseID: u.WarehouseID,
			Data: event.Data{"unit": u.ID, "plate": u.Plate, "sku": u.SKUID, "finding": "match", "account": inventory.InQuarantine, "parcel": Number(k.p.ID),
				"case": k.c.ID, "case_line": l.CaseLineID, "claimed": true}}}, nil
	}
	return nil, nil
}

// save writes the parcel, its lines and, for a parcel that was closed already, what came onto the case.
func (k *claim) save() error {
	s := k.s
	for _, l := range k.o.lines {
		if l.Received == 0 {
			continue
		}
		if err := s.tx.Model(&receiving.ReceiptLine{}).Where("id = ?", l.ID).Update("received", l.Received).Error; err != nil {
			return fmt.Errorf("count lines: %w", err)
		}
	}
	res := s.tx.Model(&receiving.Parcel{}).Where("id = ? AND version = ?", k.p.ID, k.p.Version).Updates(map[string]any{"kind": k.p.Kind, "owner_id": k.p.OwnerID,
		"expected": k.o.p.Expected, "received": k.o.p.Received, "version": k.p.Version + 1})
	if res.Error != nil || res.RowsAffected != 1 {
		return fmt.Errorf("claim parcel: %d rows: %w", res.RowsAffected, res.Error)
	}
	k.p.Version++
	k.o.cases = []aftersales.Case{k.c}
	if k.p.State != "closed" {
		return s.moveGoods(k.c.ID, "at_dock")
	}
	return s.receiveCases(k.o)
}
