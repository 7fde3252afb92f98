// Package money splits and writes amounts. Amounts are integers of the currency's minor unit (fen for CNY).
package money

import (
	"fmt"
	"math/bits"
)

// Share spreads total over weights without losing a minor unit: each share is floor(total*weight/sum), and what is left goes one by one to the
// largest remainders, the earlier index first among equals. The shares sum to total. It panics on a negative input, or when all weights are zero
// and total is not: there is no honest answer.
func Share(total int64, weights []int64) []int64 {
	shares := make([]int64, len(weights))
	var sum uint64
	for _, w := range weights {
		if w < 0 {
			panic("money: negative weight")
		}
		sum += uint64(w)
	}
	if total < 0 || (sum == 0 && total != 0) {
		panic(fmt.Sprintf("money: cannot share %d over %v", total, weights))
	}
	if sum == 0 {
		return shares
	}
	remainders := make([]uint64, len(weights))
	left := total
	for i, w := range weights {
		// 128-bit product: an amount times a weight may pass 64 bits.
		hi, lo := bits.Mul64(uint64(total), uint64(w))
		q, r := bits.Div64(hi, lo, sum)
		shares[i], remainders[i] = int64(q), r
		left -= int64(q)
	}
	for ; left > 0; left-- {
		best := -1
		for i := range remainders {
			if weights[i] > 0 && (best < 0 || remainders[i] > remainders[best]) {
				best = i
			}
		}
		shares[best]++
		remainders[best] = 0
	}
	return shares
}

// Pieces spreads a line's paid amount over its pieces: piece k of n gets Pieces(paid, n)[k]. The earlier pieces carry the odd minor units.
func Pieces(paid int64, n int) []int64 {
	ones := make([]int64, n)
	for i := range ones {
		ones[i] = 1
	}
	return Share(paid, ones)
}
