package inventory

// State is where a unit is in its life.
type State string

const (
	Quarantine  State = "quarantine" // here, not sellable
	Inspected   State = "inspected"
	Available   State = "available"
	SecondGrade State = "second_grade"
	Repair      State = "repair"
	Outbound    State = "outbound" // on its way to vendor or customer
	Custody     State = "custody"  // not our goods
	Scrapped    State = "scrapped"
	Blocked     State = "blocked"
	Shipped     State = "shipped"
	Undone      State = "undone" // the scan that booked it was taken back; its plate is void
)

// Account is one side of a movement.
type Account string

const (
	InQuarantine  Account = "quarantine"
	InCustody     Account = "custody"
	InBlocked     Account = "blocked"
	InAvailable   Account = "available"
	InSecondGrade Account = "second_grade"
	InRepair      Account = "repair"
	InOutbound    Account = "outbound"

	// Boundary accounts: the world outside. Only these may be negative.
	Customer   Account = "customer"
	Vendor     Account = "vendor"
	Scrap      Account = "scrap"
	Adjustment Account = "adjustment"
)

// Boundary reports whether an account stands for the world outside.
func (a Account) Boundary() bool {
	return a == Customer || a == Vendor || a == Scrap || a == Adjustment
}
