package followup

import (
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/inventory"
)

// contents tells people of a closed box whose contents nobody pays for by rule: rubbish, nothing at all, parts of
// bundles, or pieces for which a deduction is due.
func (f *Followup) contents(tx *gorm.DB, e event.Event) error {
	w := e.WarehouseID
	if note := e.Data["note"]; note == "junk" || note == "empty_box" {
		if err := task(tx, f.log, "parcel_"+note.(string), e.Subject, e.OwnerID, &w, map[string]any{"short": e.Data["short"]}); err != nil {
			return err
		}
	}
	if n, ok := e.Data["bundled"]; ok { // a part has no price of its own
		if err := task(tx, f.log, "bundle_to_settle", e.Subject, e.OwnerID, &w, map[string]any{"pieces": n}); err != nil {
			return err
		}
	}
	if odd, ok := e.Data["deductions"]; ok {
		return task(tx, f.log, "deduction_due", e.Subject, e.OwnerID, &w, map[string]any{"pieces": odd})
	}
	return nil
}

// suspected tells claims of a piece that the clerk takes for a counterfeit.
func (f *Followup) suspected(tx *gorm.DB, e event.Event) error {
	if e.Data["finding"] != "counterfeit" || e.Data["account"] != inventory.InCustody {
		return nil
	}
	w := e.WarehouseID
	return task(tx, f.log, "piece_counterfeit", e.Subject, e.OwnerID, &w, map[string]any{"parcel": e.Data["parcel"]})
}
