package refund

import (
	"fmt"
	"slices"
	"strings"
)

// State is where a refund stands.
type State string

const (
	StateRequested  State = "requested"    // money is reserved; waits for authority
	StateAuthorized State = "authorized"   // may be sent
	StateSending    State = "sending"      // number, amount and body are stored; bytes may have left
	StateUnknown    State = "unknown"      // nothing is proved; only a query comes next
	StateAccepted   State = "accepted"     // the gateway works on it
	StateSucceeded  State = "succeeded"    // the buyer has the money
	StateHeld       State = "held"         // a person or funds are needed
	StateFailed     State = "failed"       // refused, and a query proved that nothing exists under the number
	StateClosed     State = "closed"       // the gateway ended it without paying
	StateCancelled  State = "cancelled"    // withdrawn before it was ever sent
	StatePaidByHand State = "paid_by_hand" // paid outside the gateway, with proof and two persons
)

// States lists them in the order of a refund's life.
var States = []State{StateRequested, StateAuthorized, StateSending, StateUnknown, StateAccepted, StateHeld, StateSucceeded, StateFailed, StateClosed,
	StateCancelled, StatePaidByHand}

// step is one allowed move and why it happens.
type step struct {
	to  State
	why string
}

// next is the table of moves. The database guards it too: every move is an UPDATE … WHERE id = ? AND state = ?.
var next = map[State][]step{
	StateRequested: {
		{StateAuthorized, "below the limit, or another person"},
		{StatePaidByHand, "proof, and another person"},
		{StateHeld, "refunded elsewhere meanwhile"},
		{StateCancelled, "withdrawn"},
	},
	StateAuthorized: {
		{StateSending, "body stored, lease taken"},
		{StateUnknown, "a notice about a number never sent"},
		{StateHeld, "a person, or a limit of the gateway"},
		{StateCancelled, "withdrawn before the first send"},
	},
	StateSending: {
		{StateAccepted, "taken on"},
		{StateUnknown, "no answer, refusal, lease expired or restart"},
		{StateHeld, "funds or a person needed"},
		{StateSucceeded, "verified notice"},
	},
	StateUnknown: {
		{StateAuthorized, "query proves absence, same number again"},
		{StateAccepted, "query"},
		{StateSucceeded, "query or verified notice"},
		{StateHeld, "query"},
		{StateFailed, "refused, and query proves absence"},
		{StateClosed, "query"},
	},
	StateAccepted: {
		{StateSucceeded, "query or verified notice"},
		{StateHeld, "query or verified notice"},
		{StateClosed, "query"},
	},
	StateHeld: {
		{StateRequested, "released, never authorized"},
		{StateAuthorized, "released, never sent"},
		{StateUnknown, "released, sent before"},
		{StateSucceeded, "verified notice"},
		{StateCancelled, "withdrawn, never sent"},
	},
}

// May reports whether a refund may move from s to t.
func (s State) May(t State) bool {
	return slices.ContainsFunc(next[s], func(x step) bool { return x.to == t })
}

// Final reports whether s is an end: what happens after is another refund.
func (s State) Final() bool { return len(next[s]) == 0 }

// Paid reports whether the buyer has the money.
func (s State) Paid() bool { return s == StateSucceeded || s == StatePaidByHand }

// Void reports whether s frees what was reserved.
func (s State) Void() bool { return s == StateFailed || s == StateClosed || s == StateCancelled }

// Out reports whether bytes may have left and nothing is decided yet.
func (s State) Out() bool { return s == StateSending || s == StateUnknown || s == StateAccepted }

// driven lists the states that a job moves on. The others wait for a person.
var driven = []State{StateAuthorized, StateSending, StateUnknown, StateAccepted}

// Diagram draws the table as a mermaid state diagram; docs/refund.md carries it, and a test keeps the two equal.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> requested\n    [*] --> succeeded: observed elsewhere\n")
	for _, s := range States {
		for _, x := range next[s] {
			fmt.Fprintf(&b, "    %s --> %s: %s\n", s, x.to, x.why)
		}
	}
	for _, s := range States {
		if s.Final() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	return b.String()
}
