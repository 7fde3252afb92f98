package refund

import (
	"fmt"

	"github.com/backdock/backdock/internal/id"
)

// Entitlement is what a buyer gets money for. Its Key has one refund (over several payments: one per payment) that is not void, for ever.
type Entitlement struct {
	Key   string
	Case  id.Case
	Items []Item // empty: everything of the case that is approved and not refunded yet

	DeductionMinor  int64   // kept back from the whole
	DeductionReason string  // needed with a deduction
	Reason          string  // shown to the buyer
	By              id.User // who asks; 0: a policy
}

// Item is a part of a case line: one unit, or a number of pieces.
type Item struct {
	Line     id.CaseLine
	Unit     id.Unit // 0: not tied to a unit
	Quantity int     // pieces; 0: all that is left of the line, money without goods included
}

// ForCase is everything of a case: refund without return.
func ForCase(c id.Case) Entitlement {
	return Entitlement{Key: fmt.Sprintf("case:%d", c), Case: c}
}

// ForLine is what is left of one case line.
func ForLine(c id.Case, line id.CaseLine) Entitlement {
	return Entitlement{Key: fmt.Sprintf("case_line:%d", line), Case: c, Items: []Item{{Line: line}}}
}

// ForUnit is one piece that came back.
func ForUnit(c id.Case, line id.CaseLine, unit id.Unit) Entitlement {
	return Entitlement{Key: fmt.Sprintf("unit:%d", unit), Case: c, Items: []Item{{Line: line, Unit: unit, Quantity: 1}}}
}

// ForReceipt is several pieces that came in one parcel: one refund instead of many, which spares the buyer as many messages and the gateway's limit on
// partial refunds.
func ForReceipt(c id.Case, receipt id.Receipt, items []Item) Entitlement {
	return Entitlement{Key: fmt.Sprintf("receipt:%d", receipt), Case: c, Items: items}
}

func (i Item) key() string {
	if i.Unit != 0 {
		return fmt.Sprintf("unit:%d", i.Unit)
	}
	return fmt.Sprintf("case_line:%d", i.Line)
}
