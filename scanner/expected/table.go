package expected

import "math/bits"

// table finds record offsets by sums: open addressing, four bytes a slot, the record itself tells whether it is the one. One sum may have several records.
type table struct {
	slots []uint32 // offset+1; 0 is free
	used  int
}

// newTable has room for entries and a quarter more.
func newTable(entries int) table { return table{slots: make([]uint32, entries*3/2+64)} }

// fits reports whether n more may be put: beyond five slots in six searches grow long.
func (t *table) fits(n int) bool { return (t.used+n)*6 <= len(t.slots)*5 }

// slot spreads sums over a table of any size. Sums are random already; refs are mixed first.
func (t *table) slot(sum uint64) int {
	hi, _ := bits.Mul64(sum, uint64(len(t.slots)))
	return int(hi)
}

// put adds an offset. The caller has made room.
func (t *table) put(sum uint64, offset uint32) {
	i := t.slot(sum)
	for t.slots[i] != 0 {
		if i++; i == len(t.slots) {
			i = 0
		}
	}
	t.slots[i] = offset + 1
	t.used++
}

// each calls fn with every offset that may be the sum's, until fn says stop.
func (t *table) each(sum uint64, fn func(offset uint32) (more bool)) {
	if len(t.slots) == 0 {
		return
	}
	for i := t.slot(sum); t.slots[i] != 0; {
		if !fn(t.slots[i] - 1) {
			return
		}
		if i++; i == len(t.slots) {
			i = 0
		}
	}
}

// mix makes a small number as random as a sum.
func mix(n uint64) uint64 {
	n ^= n >> 30
	n *= 0xbf58476d1ce4e5b9
	n ^= n >> 27
	n *= 0x94d049bb133111eb
	return n ^ n>>31
}
