package scanner

import "strings"

// ControlPrefix starts every control barcode of the printable sheet, so that gloved hands need no mouse.
const ControlPrefix = "BD:"

// Verbs of the control barcodes. CONDITION, CHOOSE, OPERATOR, GRADE and DISPOSITION take a value after a second colon; HOLD may have its reason there. At the dock so do REFUSE and HAND-BACK (a
// reason), CARRIER (a courier's code), COLLECT (an amount such as 12.50) and DONE (the driver's count).
const (
	Done         = "DONE"
	Undo         = "UNDO"
	PlusOne      = "+1"
	NoLabel      = "NO-LABEL"
	Condition    = "CONDITION"
	Hold         = "HOLD"
	Resume       = "RESUME"
	Photo        = "PHOTO"
	Exception    = "EXCEPTION"
	Empty        = "EMPTY"
	Junk         = "JUNK"
	UnknownOwner = "UNKNOWN-OWNER"
	Choose       = "CHOOSE"
	Operator     = "OPERATOR"
	Grade        = "GRADE"
	Disposition  = "DISPOSITION"
	Release      = "RELEASE"
	Refuse       = "REFUSE"
	HandBack     = "HAND-BACK"
	Carrier      = "CARRIER"
	Collect      = "COLLECT"
)

// Conditions a clerk may note on the piece just scanned (BD:CONDITION:x).
var Conditions = []string{"sealed", "opened", "damaged", "dirty", "accessory_missing", "counterfeit"}

// DockReasons are why a parcel is refused or handed back (BD:REFUSE:x, BD:HAND-BACK:x).
var DockReasons = []string{"damaged", "opened", "not_ours", "collect", "misdelivered", "other"}

// Control splits a control barcode: "BD:CONDITION:damaged" gives CONDITION, damaged, true. Verbs compare without regard to case.
func Control(data string) (verb, value string, ok bool) {
	if len(data) < len(ControlPrefix) || !strings.EqualFold(data[:len(ControlPrefix)], ControlPrefix) {
		return "", "", false
	}
	verb, value, _ = strings.Cut(data[len(ControlPrefix):], ":")
	return strings.ToUpper(strings.TrimSpace(verb)), strings.TrimSpace(value), true
}
