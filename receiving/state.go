package receiving

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/backdock/backdock/internal/id"
)

// States of a parcel.
const (
	Expected      = "expected"
	AtDock        = "at_dock"
	Open          = "open"
	Held          = "held"
	Closed        = "closed"
	RefusedAtDock = "refused_at_dock"
	HandedBack    = "handed_back"
	SoldAsFound   = "sold_as_found" // of unknown owner: as found, after asking
	Disposed      = "disposed"      // of unknown owner: scrapped by two persons
)

// Endings are the states in which a parcel of unknown owner has left the house.
var Endings = []string{HandedBack, SoldAsFound, Disposed}

// Next says which state of a parcel may follow which.
var Next = map[string][]string{
	"":       {AtDock, Open}, // nobody knew that it would come
	Expected: {AtDock, Open, RefusedAtDock, HandedBack},
	AtDock:   {Open, RefusedAtDock, HandedBack, Expected}, // expected again: the dock took its scan back
	Open:     {Held, Closed, AtDock},                      // back to the dock: nothing was taken out of it yet
	Held:     {Open},
	Closed:   {AtDock, HandedBack, SoldAsFound, Disposed}, // reopened by a manager, with a reason; or of unknown owner, and its end

	RefusedAtDock: {AtDock}, // by UNDO only; what the courier brings again is a parcel of its own
	HandedBack:    {AtDock},
}

// Become moves the parcel to a state and raises its version. A move that Next does not have is a mistake of the program, not of a person: it panics, and the
// desk parks the scan.
func (p *Parcel) Become(state string) {
	if !slices.Contains(Next[p.State], state) {
		panic(fmt.Sprintf("parcel %s cannot go from %q to %q", p.Number(), p.State, state))
	}
	p.State = state
	p.Version++
}

// Kinds of a parcel.
const (
	CustomerReturn = "customer_return"
	Refused        = "refused"
	Intercepted    = "intercepted"
	Undeliverable  = "undeliverable"
	UnknownOwner   = "unknown"
)

// Roles of a waybill alias.
const (
	RoleReturn   = "return"
	RoleOutbound = "outbound"
	RolePlatform = "platform" // a code of the platform on the label, not a waybill
)

// Remarks that stand on a parcel.
const (
	NoteCaseOver        = "case_over"        // received, no money follows
	NoteRefundedAlready = "refunded_already" // the platform paid: only receive
	NoteEmptyBox        = "empty_box"
	NoteJunk            = "junk" // rubbish instead of goods
)

// ParcelNumber renders the number that people use for a parcel.
func ParcelNumber(p id.Parcel) string { return fmt.Sprintf("P%06d", p) }

// ParseParcelNumber reads a parcel number.
func ParseParcelNumber(s string) (id.Parcel, bool) {
	digits, ok := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(s)), "P")
	if !ok || len(digits) < 6 || len(digits) > 15 {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return id.Parcel(n), err == nil && n > 0
}

// Number is what people call the parcel.
func (p Parcel) Number() string { return ParcelNumber(p.ID) }

// Missing is how many awaited pieces have not come.
func (p Parcel) Missing() int { return max(0, p.Expected-p.Received) }
