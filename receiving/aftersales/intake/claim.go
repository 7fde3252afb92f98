package intake

import (
	"context"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
)

// claim hands over parcels of unknown owner that came under one of the numbers. A parcel that cannot be handed over now is a warning: the record itself is in.
func (im *Importer) claim(ctx context.Context, tx *gorm.DB, caseID id.Case, numbers []string) ([]Problem, error) {
	if im.hooks.Claim == nil || len(numbers) == 0 {
		return nil, nil
	}
	parcels, err := receiving.Ownerless(tx, numbers)
	if err != nil {
		return nil, err
	}
	var warnings []Problem
	for _, p := range parcels {
		refused, err := try(tx, "waybill", "claim_refused", func(sp *gorm.DB) error { return im.hooks.Claim(ctx, sp, caseID, p) })
		if err != nil {
			return nil, err
		}
		warnings = append(warnings, refused...)
	}
	return warnings, nil
}

// claimShipments hands over parcels of unknown owner that came under a number of an order's shipments.
func (im *Importer) claimShipments(ctx context.Context, tx *gorm.DB, ships []Shipment) ([]Problem, error) {
	if im.hooks.ClaimShipment == nil {
		return nil, nil
	}
	var warnings []Problem
	for _, s := range ships {
		number := im.hooks.Codes.Normalise(s.Waybill)
		parcels, err := receiving.Ownerless(tx, []string{number})
		if err != nil {
			return nil, err
		}
		for _, p := range parcels {
			refused, err := try(tx, "waybill", "claim_refused", func(sp *gorm.DB) error { return im.hooks.ClaimShipment(ctx, sp, number, p) })
			if err != nil {
				return nil, err
			}
			warnings = append(warnings, refused...)
		}
	}
	return warnings, nil
}

// adopt gives the case the goods that were here before it.
func (im *Importer) adopt(ctx context.Context, tx *gorm.DB, caseID id.Case) ([]Problem, error) {
	if im.hooks.Adopt == nil {
		return nil, nil
	}
	return try(tx, "order", "adopt_refused", func(sp *gorm.DB) error {
		_, err := im.hooks.Adopt(ctx, sp, caseID)
		return err
	})
}

// try runs an act of another room in a savepoint. A conflict is a warning under code.
func try(tx *gorm.DB, field, code string, act func(sp *gorm.DB) error) ([]Problem, error) {
	err := tx.Transaction(act)
	if fault.IsKind(err, fault.Conflict) {
		return []Problem{{Field: field, Code: code, Message: fault.Of(err).Message}}, nil
	}
	return nil, err
}
