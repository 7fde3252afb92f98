package refund

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/backdock/backdock/internal/id"
)

// However a line's pieces are taken, given back and taken again, all pieces together are the whole to the minor unit, and no part is worth less than nothing.
func TestPropertySharesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		approved, quantity := rapid.Int64Range(0, 1<<40).Draw(t, "approved"), rapid.IntRange(1, 40).Draw(t, "quantity")
		type taken struct {
			amount int64
			pieces int
		}
		var live []taken
		var used int64
		usedQty := 0
		take := func(n int) {
			a := share(approved, used, quantity, usedQty, n)
			if a < 0 || used+a > approved {
				t.Fatalf("%d of %d, %d used", a, approved, used)
			}
			live, used, usedQty = append(live, taken{a, n}), used+a, usedQty+n
		}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			if len(live) > 0 && rapid.Bool().Draw(t, "give back") {
				i := rapid.IntRange(0, len(live)-1).Draw(t, "which")
				used, usedQty = used-live[i].amount, usedQty-live[i].pieces
				live = append(live[:i], live[i+1:]...)
			} else if usedQty < quantity {
				take(rapid.IntRange(1, quantity-usedQty).Draw(t, "pieces"))
			}
		}
		for usedQty < quantity {
			take(1)
		}
		if used != approved {
			t.Fatalf("all %d pieces of %d return %d", quantity, approved, used)
		}
	})
}

// Spreading over payments keeps every amount, every piece and every deduction, and takes from no payment more than it holds.
func TestPropertySplitLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ps []portion
		for i := range rapid.IntRange(1, 8).Draw(t, "portions") {
			ps = append(ps, portion{item: i, line: id.OrderLine(i), quantity: rapid.IntRange(0, 4).Draw(t, "quantity"), amount: rapid.Int64Range(1, 1000).Draw(t, "amount")})
		}
		gross := total(ps)
		deduction := rapid.Int64Range(0, gross-1).Draw(t, "deduction")
		if deduction > 0 {
			deduct(ps, deduction)
		}
		if total(ps) != gross-deduction {
			t.Fatalf("%d less %d is %d", gross, deduction, total(ps))
		}
		var pots []pot
		var hold int64
		for i := range rapid.IntRange(0, 5).Draw(t, "payments") {
			p := pot{id.Payment(i), rapid.Int64Range(-5, 2000).Draw(t, "holds")}
			pots, hold = append(pots, p), hold+max(p.left, 0)
		}
		parts, ok := fill(ps, pots)
		if ok != (hold >= total(ps)) {
			t.Fatalf("the payments hold %d, %d is wanted, fill says %v", hold, total(ps), ok)
		}
		if !ok {
			return
		}
		got := make([]portion, len(ps))
		for i, part := range parts {
			if total(part) > max(pots[i].left, 0) {
				t.Fatalf("%d from a payment that holds %d", total(part), pots[i].left)
			}
			for _, p := range part {
				if p.amount < 0 || p.deduction < 0 {
					t.Fatalf("%+v", p)
				}
				g := &got[p.item]
				g.item, g.line = p.item, p.line
				g.amount, g.quantity, g.deduction = g.amount+p.amount, g.quantity+p.quantity, g.deduction+p.deduction
			}
		}
		for i := range ps {
			if got[i] != ps[i] {
				t.Fatalf("%+v became %+v", ps[i], got[i])
			}
		}
	})
}
