package desk_test

import (
	"slices"

	"github.com/backdock/backdock/scanner"
)

func marked(finding, condition string) string {
	switch {
	case finding != "match" && finding != "damaged" && finding != "accessory_missing":
		return finding
	case condition == "damaged" || condition == "accessory_missing":
		return condition
	}
	return "match"
}

// waits reports whether a piece still stands where a bench put it.
func (u *mUnit) waits() bool {
	return !u.undone && !u.inspected && (u.account == "quarantine" || u.account == "custody")
}

func (a *asked) condition(x string) scanner.Code {
	u := a.b.last
	if a.b.open == nil || u == nil || u.parcel != a.b.open || !u.waits() {
		return scanner.CodeNothingToMark
	}
	a.did(mAct{effect: scanner.EffectConditionSet, unit: u, parcel: u.parcel, was: *u})
	u.condition = x
	if x == "counterfeit" && u.account == "quarantine" {
		u.finding, u.account = "counterfeit", "custody"
		if u.line != nil {
			u.line.received--
			u.line = nil
		}
		return scanner.CodeCounterfeit
	}
	u.finding = marked(u.finding, x)
	return scanner.CodeConditionSet
}

// undo takes back the bench's newest act that still stands, or says why not.
func (a *asked) undo() scanner.Code {
	b := a.b
	if len(b.acts) == 0 {
		return scanner.CodeNothingToUndo
	}
	act := b.acts[len(b.acts)-1]
	if !a.reverse(act) {
		return scanner.CodeUndoRefused
	}
	b.acts = b.acts[:len(b.acts)-1]
	return scanner.CodeUndone
}

func (a *asked) reverse(act *mAct) bool {
	b := a.b
	here := b.open != nil && b.open == act.parcel
	switch act.effect {
	case scanner.EffectUnitBooked:
		return a.takeBack(act.unit)
	case scanner.EffectConditionSet:
		return here && act.unit.waits() && a.unmark(act)
	case scanner.EffectAliasAdded:
		if here {
			b.open.labels = slices.DeleteFunc(b.open.labels, func(l string) bool { return l == act.label })
		}
		return here
	case scanner.EffectJunkNoted:
		if here {
			b.open.note = act.note
		}
		return here
	case scanner.EffectParcelOpened:
		if !here || len(a.m.pieces(act.parcel)) > 0 {
			return false
		}
		act.parcel.state = "at_dock"
		a.leave()
		return true
	case scanner.EffectParcelResumed:
		if here {
			a.shelve(act.parcel)
		}
		return here
	case scanner.EffectParcelHeld:
		if b.open != nil {
			return false
		}
		b.shelved = nil
		if act.parcel.state != "held" {
			return false
		}
		act.parcel.state, b.open = "open", act.parcel
		return true
	}
	return false // a close
}

func (a *asked) takeBack(u *mUnit) bool {
	if u.parcel != a.b.open || !u.waits() || u.paid {
		return false
	}
	u.undone, u.account = true, "customer"
	if u.line != nil {
		u.line.received--
	}
	if a.b.last == u {
		a.b.last = nil
	}
	return true
}

// unmark gives a piece the condition it had. A suspicion stays when another piece has taken its place.
func (a *asked) unmark(act *mAct) bool {
	u, was := act.unit, act.was
	if was.account == "quarantine" && u.finding == "counterfeit" && was.finding != "counterfeit" {
		if was.line != nil && was.line.received == was.line.expected {
			return false
		}
		u.finding, u.condition, u.account, u.line = was.finding, was.condition, was.account, was.line
		if u.line != nil {
			u.line.received++
		}
		return true
	}
	u.condition, u.finding = was.condition, marked(u.finding, was.condition)
	return true
}
