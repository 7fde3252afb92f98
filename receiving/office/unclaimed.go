package office

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/receiving/unclaimed"
)

// Unclaimed holds what people do with parcels of unknown owner: the keeper's verbs, and claiming for an order.
type Unclaimed struct {
	*unclaimed.Keeper
	db   *db.DB
	desk *desk.Desk
}

// NewUnclaimed makes the desk for parcels of unknown owner.
func NewUnclaimed(d *db.DB, k *desk.Desk, keeper *unclaimed.Keeper) *Unclaimed {
	return &Unclaimed{keeper, d, k}
}

// ClaimOrder gives a parcel to an order: to its waiting cases, or in advance of one.
func (u *Unclaimed) ClaimOrder(ctx context.Context, parcel id.Parcel, o id.Order, by id.User) error {
	err := u.db.InTx(ctx, func(tx *gorm.DB) error { return u.desk.ClaimOrderBy(ctx, tx, o, parcel, by) })
	if err != nil {
		return fmt.Errorf("claim parcel %d: %w", parcel, err)
	}
	return nil
}
