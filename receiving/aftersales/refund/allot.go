package refund

import (
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/money"
)

// share is what want pieces of a line are worth when used of approved minor units and usedQty of quantity pieces are spoken for. It spreads what is left
// over the pieces that are left, the earlier pieces carrying the odd minor units, so that in whatever order pieces are refunded, fail and are refunded
// again, the last one brings the sum to approved exactly. want = 0 takes everything that is left.
func share(approved, used int64, quantity, usedQty, want int) int64 {
	left, pieces := approved-used, quantity-usedQty
	if want == 0 || want >= pieces {
		return left
	}
	var sum int64
	for _, p := range money.Pieces(left, pieces)[:want] {
		sum += p
	}
	return sum
}

// portion is an amount of one item.
type portion struct {
	item      int // index into the items
	line      id.OrderLine
	quantity  int
	amount    int64
	deduction int64
}

// deduct keeps total back from the portions, in proportion, without losing a minor unit. The caller has checked that total is less than their sum.
func deduct(ps []portion, total int64) {
	weights := make([]int64, len(ps))
	for i, p := range ps {
		weights[i] = p.amount
	}
	for i, d := range money.Share(total, weights) {
		ps[i].amount -= d
		ps[i].deduction += d
	}
}

// pot is what can still be returned through one payment.
type pot struct {
	payment id.Payment
	left    int64
}

// cut takes up to most minor units from the front of ps and returns what it took and what is left. Goods and deduction of a portion go with its first cent,
// so that they are counted once.
func cut(ps []portion, most int64) (taken, rest []portion) {
	for i, p := range ps {
		if p.amount <= most {
			taken = append(taken, p)
			most -= p.amount
			continue
		}
		if most > 0 {
			part := p
			part.amount = most
			taken = append(taken, part)
			p.amount -= most
			p.quantity, p.deduction = 0, 0
		}
		return taken, append([]portion{p}, ps[i+1:]...)
	}
	return taken, nil
}

// fill spreads the portions over the pots in their order, as few refunds as possible. ok is false when the pots do not hold enough.
func fill(ps []portion, pots []pot) (parts [][]portion, ok bool) {
	for _, p := range pots {
		var taken []portion
		if p.left > 0 {
			taken, ps = cut(ps, p.left)
		}
		parts = append(parts, taken)
	}
	return parts, len(ps) == 0
}

func total(ps []portion) (sum int64) {
	for _, p := range ps {
		sum += p.amount
	}
	return sum
}
