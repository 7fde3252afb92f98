package aftersales

import (
	"context"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
)

// Todo is what a person is to do.
type Todo struct {
	Kind      string
	Subject   string // parcel/P000012
	Owner     id.Owner
	Warehouse *id.Warehouse
	Params    map[string]any // values for its text
}

// OpenTask opens something for a person, once per kind and subject.
func OpenTask(ctx context.Context, tx *gorm.DB, log *event.Log, t Todo) error {
	raw, err := json.Marshal(t.Params)
	if err != nil {
		return fmt.Errorf("task %s: %w", t.Kind, err)
	}
	row := Task{Kind: t.Kind, Subject: t.Subject, WarehouseID: t.Warehouse, Params: string(raw), State: "open", CreatedAt: log.Now()}
	if t.Owner != 0 {
		row.OwnerID = &t.Owner
	}
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	if res.Error != nil || res.RowsAffected == 0 {
		return res.Error
	}
	e := event.Event{Type: "backdock.task.opened.v1", Subject: "task/" + t.Subject, Version: 1, OwnerID: t.Owner, Data: event.Data{"kind": t.Kind, "subject": t.Subject}}
	if t.Warehouse != nil {
		e.WarehouseID = *t.Warehouse
	}
	return log.Append(ctx, tx, e)
}
