package followup

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
)

// floor makes tasks of what happens to stock and cannot be left to itself.
func (f *Followup) floor(tx *gorm.DB, e event.Event) error {
	w := e.WarehouseID
	switch e.Type {
	case "backdock.unit.looked_again.v1":
		if e.Data["agreed"] == false {
			return task(tx, f.log, "second_look_differs", e.Subject+"/"+fmt.Sprint(number(e.Data["inspection"])), e.OwnerID, &w, map[string]any{"plate": e.Data["plate"]})
		}
	case "backdock.unit.regraded.v1": // the money went by the first grade
		return task(tx, f.log, "regraded", e.Subject+"/"+fmt.Sprint(number(e.Data["inspection"])), e.OwnerID, &w, map[string]any{"plate": e.Data["plate"], "grade": e.Data["grade"], "case": number(e.Data["case"])})
	case "backdock.unit.aged.v1": // one task a day, warehouse and threshold, however many pieces
		return task(tx, f.log, "quarantine_aged", fmt.Sprintf("quarantine/%v/%vh/%v", e.Data["warehouse"], e.Data["hours"], e.Data["day"]), 0, &w, map[string]any{"hours": e.Data["hours"], "warehouse": e.Data["warehouse"]})
	case "backdock.stock.counted.v1":
		if open := number(e.Data["open"]); open > 0 {
			return task(tx, f.log, "count_open", e.Subject, 0, &w, map[string]any{"pieces": open})
		}
	case "backdock.stock.reservation_ended.v1":
		if e.Data["state"] == "broken" {
			return task(tx, f.log, "reservation_broken", e.Subject, e.OwnerID, &w, map[string]any{"purpose": e.Data["purpose"], "ref": e.Data["ref"], "quantity": e.Data["quantity"]})
		}
	}
	return nil
}
