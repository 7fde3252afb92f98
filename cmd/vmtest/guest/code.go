//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// codes writes what a scanner reads, never the same twice, and none a part of another: the number of the code is in front and at the end.
type codes struct {
	*rand.Rand
	device string
	n      int
	long   int // longest filling
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-./"

// next gives a code: short as on a shelf label mostly, sometimes as long as what a QR code holds.
func (c *codes) next() string {
	c.n++
	n := 1 + c.IntN(8)
	if c.IntN(10) == 0 {
		n = 1 + c.IntN(c.long)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%d-", c.device, c.n)
	for range n {
		b.WriteByte(letters[c.IntN(len(letters))])
	}
	fmt.Fprintf(&b, "=%d", c.n)
	return b.String()
}
