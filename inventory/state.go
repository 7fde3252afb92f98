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
	Released    State = "released"   // as new, not yet on a shelf, and its owner counts it only there
	ReleasedB   State = "released_b" // the same of a second grade piece
	Missing     State = "missing"    // counted and not found
	Undone      State = "undone"     // the scan that booked it was taken back; its plate is void
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

	InReleased  Account = "released"
	InReleasedB Account = "released_b"
	InReserved  Account = "reserved"   // available pieces that are promised to somebody
	InReservedB Account = "reserved_b" // second grade pieces likewise

	// Boundary accounts: the world outside. Only these may be negative.
	Customer   Account = "customer"
	Vendor     Account = "vendor"
	Scrap      Account = "scrap"
	Adjustment Account = "adjustment"
)

// Shelved is where a released piece stands once it lies on a shelf. Anything else stays where it is.
func (a Account) Shelved() (Account, State) {
	switch a {
	case InReleased:
		return InAvailable, Available
	case InReleasedB:
		return InSecondGrade, SecondGrade
	}
	return a, State(a)
}

// Sellable reports whether the pieces of an account may lie on a shelf: they were inspected and released.
func (a Account) Sellable() bool {
	return a == InAvailable || a == InSecondGrade || a == InReleased || a == InReleasedB
}

// Boundary reports whether an account stands for the world outside.
func (a Account) Boundary() bool {
	return a == Customer || a == Vendor || a == Scrap || a == Adjustment
}
