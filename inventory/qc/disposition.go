package qc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/inventory"
)

// Grades, best first.
var Grades = []string{"A", "B", "C", "D"}

// Dispositions.
const (
	Restock          = "restock"
	RestockB         = "restock_b"
	Repair           = "repair"
	ReturnToVendor   = "return_to_vendor"
	ReturnToCustomer = "return_to_customer"
	ScrapIt          = "scrap"
	Donate           = "donate"
)

// rule is what a disposition does to a unit and when it may.
type rule struct {
	disposition string
	account     inventory.Account
	state       inventory.State
	grades      string // grades it may follow
	custody     bool   // may also dispose of goods that are not ours
}

// rules, in the order of the buttons. A donated piece leaves the books through adjustment: it is neither sold, sent back to anyone nor destroyed; the unit
// itself has been shipped.
var rules = []rule{
	{Restock, inventory.InAvailable, inventory.Available, "A", false},
	{RestockB, inventory.InSecondGrade, inventory.SecondGrade, "AB", false},
	{Repair, inventory.InRepair, inventory.Repair, "BC", false},
	{ReturnToVendor, inventory.InOutbound, inventory.Outbound, "ABCD", false},
	{ReturnToCustomer, inventory.InOutbound, inventory.Outbound, "ABCD", true},
	{ScrapIt, inventory.Scrap, inventory.Scrapped, "BCD", true},
	{Donate, inventory.Adjustment, inventory.Shipped, "ABC", false},
}

// Default is the disposition that follows a grade unless the inspector chooses another.
var Default = map[string]string{"A": Restock, "B": RestockB, "C": Repair, "D": ScrapIt}

// Dispositions lists them in the order of the buttons.
func Dispositions() []string {
	out := make([]string, len(rules))
	for i, r := range rules {
		out[i] = r.disposition
	}
	return out
}

func ruleOf(disposition string) (rule, error) {
	for _, r := range rules {
		if r.disposition == disposition {
			return r, nil
		}
	}
	return rule{}, fault.New(fault.Invalid, "disposition_unknown", "there is no disposition %q", disposition)
}

// released is the rule under the owner's policy: goods to be sold may count as available only once they lie on a shelf.
func (r rule) released(onShelf bool) rule {
	switch {
	case onShelf && r.disposition == Restock:
		r.account, r.state = inventory.InReleased, inventory.Released
	case onShelf && r.disposition == RestockB:
		r.account, r.state = inventory.InReleasedB, inventory.ReleasedB
	}
	return r
}

// sells reports whether the piece comes into other hands for use.
func (r rule) sells() bool {
	return r.disposition == Restock || r.disposition == RestockB || r.disposition == Donate
}

// gone reports whether the piece leaves the house by the disposition alone.
func (r rule) gone() bool { return r.account.Boundary() }

// fits checks grade, disposition and where the unit is against each other.
func (r rule) fits(grade string, u inventory.Unit) error {
	if !slices.Contains(Grades, grade) {
		return fault.New(fault.Invalid, "grade_unknown", "there is no grade %q: want A, B, C or D", grade)
	}
	if !strings.Contains(r.grades, grade) {
		return fault.New(fault.Invalid, "disposition_grade", "%s does not go with grade %s: it wants one of %s", r.disposition, grade, r.grades)
	}
	if u.Account == inventory.InCustody && !r.custody {
		return fault.New(fault.Conflict, "custody_unit", "unit %s is not our goods: it can only go back to its owner or be scrapped", u.Plate)
	}
	return nil
}

// Diagram draws the table as a mermaid state diagram; docs/qc.md carries it, and a test keeps the two equal.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> quarantine: ours\n    [*] --> custody: not ours\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "    quarantine --> %s: %s (%s)\n", r.state, r.disposition, strings.Join(strings.Split(r.grades, ""), ", "))
	}
	for _, r := range rules {
		if r.custody {
			fmt.Fprintf(&b, "    custody --> %s: %s\n", r.state, r.disposition)
		}
	}
	b.WriteString("    quarantine --> released: restock, where the owner counts on put-away\n    released --> available: put_away\n")
	b.WriteString("    quarantine --> released_b: restock_b, likewise\n    released_b --> second_grade: put_away\n")
	b.WriteString("    repair --> quarantine: repair_return\n    outbound --> shipped: hand_over\n")
	for _, s := range blockable {
		fmt.Fprintf(&b, "    %s --> blocked: block\n    blocked --> %s: unblock\n", s, s)
	}
	return b.String()
}
