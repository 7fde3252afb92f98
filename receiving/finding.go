package receiving

// Finding is what receiving found about one piece or one awaited line.
type Finding string

const (
	Match            Finding = "match"
	Over             Finding = "over"  // one more than awaited, not booked before +1
	Extra            Finding = "extra" // the same after +1
	Undeclared       Finding = "undeclared"
	WrongSpec        Finding = "wrong_spec"
	WrongItem        Finding = "wrong_item"
	SerialMismatch   Finding = "serial_mismatch"
	Counterfeit      Finding = "counterfeit"
	OtherSeller      Finding = "other_seller"
	UnknownItem      Finding = "unknown_item"
	Junk             Finding = "junk"
	EmptyBox         Finding = "empty_box"
	AccessoryMissing Finding = "accessory_missing"
	Damaged          Finding = "damaged"
	Short            Finding = "short"
	Unclaimed        Finding = "unclaimed" // in a parcel of unknown owner
)

// Custody reports whether a piece with this finding is held for somebody else: no value in our books, never sellable. Other pieces wait in quarantine.
func (f Finding) Custody() bool {
	switch f {
	case WrongSpec, WrongItem, SerialMismatch, Counterfeit, OtherSeller, UnknownItem, Junk, Unclaimed:
		return true
	}
	return false
}

// Awaited reports whether a piece with this finding counts towards what the parcel awaits.
func (f Finding) Awaited() bool { return f == Match || f == Damaged || f == AccessoryMissing }

// Marked is the finding of an awaited piece once the clerk has noted its condition; other findings weigh more than a condition and stay.
func (f Finding) Marked(condition string) Finding {
	switch {
	case !f.Awaited():
		return f
	case condition == string(Damaged) || condition == string(AccessoryMissing):
		return Finding(condition)
	}
	return Match
}
