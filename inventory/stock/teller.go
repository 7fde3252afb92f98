package stock

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
)

// level is what other systems were told of a product in a warehouse.
type level struct {
	OwnerID     id.Owner     `gorm:"primaryKey;autoIncrement:false"`
	WarehouseID id.Warehouse `gorm:"primaryKey;autoIncrement:false"`
	SKUID       id.SKU       `gorm:"column:sku_id;primaryKey;autoIncrement:false"`
	Version     int64
	Accounts    string
	ChangedAt   time.Time
}

// TableName names the table: stock_levels.
func (level) TableName() string { return "stock_levels" }

type product struct {
	OwnerID     id.Owner
	WarehouseID id.Warehouse
	SKUID       id.SKU `gorm:"column:sku_id"`
}

func (p product) compare(o product) int {
	return inventory.Key{Owner: p.OwnerID, Warehouse: p.WarehouseID, SKU: p.SKUID}.Compare(inventory.Key{Owner: o.OwnerID, Warehouse: o.WarehouseID, SKU: o.SKUID})
}

const (
	// lookBack is longer than any transaction lasts: a movement is seen although it was stamped before it was committed.
	lookBack = 5 * time.Minute
	toldOnce = 100
)

// Tell appends backdock.stock.changed.v1 for every product whose balances are not what was told last, with all of them and a version that rises. It looks at
// products that moved lately, or at all. Whoever writes movements does not wait for this; a product that moves often is told of less often.
func (k *Keeper) Tell(ctx context.Context, all bool) (told int, err error) {
	changed, err := k.changed(ctx, all)
	for len(changed) > 0 && err == nil {
		part := changed[:min(toldOnce, len(changed))]
		changed = changed[len(part):]
		n := 0
		err = k.db.InTx(ctx, func(tx *gorm.DB) (err error) {
			n, err = k.tellOf(ctx, tx.WithContext(ctx), part)
			return err
		})
		told += n
	}
	return told, err
}

// changed finds products whose balances differ from what was told. It only reads and may see what is being changed; tellOf looks again.
func (k *Keeper) changed(ctx context.Context, all bool) ([]product, error) {
	tx := k.db.Read.WithContext(ctx)
	where, args := "", []any{}
	if !all {
		where = " WHERE (b.owner_id, b.warehouse_id, b.sku_id) IN (SELECT owner_id, warehouse_id, sku_id FROM movements WHERE warehouse_id IN (SELECT id FROM warehouses) AND at > ?)"
		args = append(args, k.log.Now().Add(-lookBack))
	}
	var rows []struct {
		inventory.Balance
		Accounts *string
	}
	err := tx.Raw("SELECT b.owner_id, b.warehouse_id, b.sku_id, b.account, b.quantity, l.accounts FROM balances b LEFT JOIN stock_levels l ON l.owner_id = b.owner_id AND l.warehouse_id = b.warehouse_id AND l.sku_id = b.sku_id"+
		where+" ORDER BY b.owner_id, b.warehouse_id, b.sku_id, b.account", args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read balances: %w", err)
	}
	now, was := map[product]map[string]int64{}, map[product]string{}
	for _, b := range rows {
		p := product{b.OwnerID, b.WarehouseID, b.SKUID}
		if now[p] == nil {
			now[p], was[p] = map[string]int64{}, "{}"
		}
		if b.Accounts != nil {
			was[p] = *b.Accounts
		}
		now[p][string(b.Account)] = b.Quantity
	}
	var out []product
	for p, accounts := range now {
		if spell(accounts) != was[p] {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, product.compare)
	return out, nil
}

// spell writes balances in one way only: no zeros, nothing of the world outside, sorted.
func spell(accounts map[string]int64) string {
	kept := map[string]int64{}
	for a, n := range accounts {
		if n != 0 && !inventory.Account(a).Boundary() {
			kept[a] = n
		}
	}
	b, err := json.Marshal(kept)
	if err != nil {
		panic(err) // texts and numbers
	}
	return string(b)
}

// tellOf locks the levels of products, reads their balances and tells of what differs.
func (k *Keeper) tellOf(ctx context.Context, tx *gorm.DB, products []product) (int, error) {
	now := k.log.Now()
	var events []event.Event
	for _, p := range products {
		row := level{OwnerID: p.OwnerID, WarehouseID: p.WarehouseID, SKUID: p.SKUID, Accounts: "{}", ChangedAt: now}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return 0, fmt.Errorf("make stock level: %w", err)
		}
		const mine = "owner_id = ? AND warehouse_id = ? AND sku_id = ?"
		if err := db.Lock(tx).Where(mine, p.OwnerID, p.WarehouseID, p.SKUID).Take(&row).Error; err != nil {
			return 0, fmt.Errorf("lock stock level: %w", err)
		}
		var balances []inventory.Balance
		if err := tx.Where(mine, p.OwnerID, p.WarehouseID, p.SKUID).Find(&balances).Error; err != nil {
			return 0, fmt.Errorf("read balances: %w", err)
		}
		accounts := map[string]int64{}
		for _, b := range balances {
			accounts[string(b.Account)] = b.Quantity
		}
		text := spell(accounts)
		if text == row.Accounts {
			continue
		}
		if err := tx.Exec("UPDATE stock_levels SET version = version + 1, accounts = ?, changed_at = ? WHERE "+mine, text, now, p.OwnerID, p.WarehouseID, p.SKUID).Error; err != nil {
			return 0, fmt.Errorf("write stock level: %w", err)
		}
		e, err := k.levelEvent(tx, p, row.Version+1, text)
		if err != nil {
			return 0, err
		}
		e.At = now
		events = append(events, e)
	}
	return len(events), k.log.Append(ctx, tx, events...)
}

func (k *Keeper) levelEvent(tx *gorm.DB, p product, version int64, accounts string) (event.Event, error) {
	var names []struct{ SKU, Owner, Warehouse string }
	err := tx.Raw("SELECT s.code AS sku, o.code AS owner, w.code AS warehouse FROM skus s JOIN owners o ON o.id = s.owner_id JOIN warehouses w ON w.id = ? WHERE s.id = ?", p.WarehouseID, p.SKUID).Scan(&names).Error
	if err != nil || len(names) == 0 {
		return event.Event{}, fmt.Errorf("names of stock level (%d rows): %w", len(names), err)
	}
	n := names[0]
	return event.Event{Type: "backdock.stock.changed.v1", Subject: strings.Join([]string{"stock", n.Owner, n.Warehouse, n.SKU}, "/"), Version: version, OwnerID: p.OwnerID, WarehouseID: p.WarehouseID,
		Data: event.Data{"owner": n.Owner, "warehouse": n.Warehouse, "sku": n.SKU, "stock": json.RawMessage(accounts)}}, nil
}

// Run ends reservations that have run out and tells of stock that has changed, again and again until ctx ends.
func (k *Keeper) Run(ctx context.Context, every time.Duration, log *slog.Logger) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	full := time.Time{}
	for {
		if _, err := k.Expire(ctx); err != nil && ctx.Err() == nil {
			log.Error("end reservations", "error", err)
		}
		all := k.log.Now().Sub(full) > time.Hour
		if _, err := k.Tell(ctx, all); err != nil && ctx.Err() == nil {
			log.Error("tell of stock", "error", err)
		} else if all {
			full = k.log.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
