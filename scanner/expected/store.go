package expected

import (
	"slices"

	"github.com/backdock/backdock/scanner/wire"
)

// chunkSize is how much memory records take at a time. A record lies in one chunk; the largest, a page's worth, gets one of its own.
const chunkSize = 1 << 20

// dead is added to the kind byte of a record that was replaced or is gone.
const dead = 0x80

// store is the memory. Not safe for concurrent use; Cache locks.
type store struct {
	chunks [][]byte
	starts []uint32 // offset of each chunk's first byte
	end    uint32

	keys  table // number or serial → return
	refs  table // ref → return
	skus  table // SKU id → SKU
	codes table // code → SKU

	returns, products int
	live, waste       int // bytes of records
	keyed, coded      int // numbers and codes of live records
}

func newStore() *store { return &store{} }

// add appends a record and returns its offset.
func (s *store) add(record []byte) uint32 {
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last])+len(record) > cap(s.chunks[last]) {
		s.chunks = append(s.chunks, make([]byte, 0, max(chunkSize, len(record))))
		s.starts = append(s.starts, s.end)
		last++
	}
	offset := s.starts[last] + uint32(len(s.chunks[last]))
	s.chunks[last] = append(s.chunks[last], record...)
	s.end = offset + uint32(len(record))
	s.live += len(record)
	return offset
}

// at returns the bytes from an offset to the end of its chunk.
func (s *store) at(offset uint32) []byte {
	i, ok := slices.BinarySearch(s.starts, offset)
	if !ok {
		i--
	}
	return s.chunks[i][offset-s.starts[i]:]
}

func (s *store) returnAt(offset uint32) (wire.ExpectedReturn, bool) {
	b := s.at(offset)
	if b[0] != wire.RecordReturn {
		return wire.ExpectedReturn{}, false
	}
	return wire.ReadRecords(b[1:]).Return(), true
}

func (s *store) skuAt(offset uint32) (wire.ExpectedSKU, bool) {
	b := s.at(offset)
	if b[0] != wire.RecordSKU {
		return wire.ExpectedSKU{}, false
	}
	return wire.ReadRecords(b[1:]).SKU(), true
}

// apply takes one page over. Replacing a record kills the old one and adds the new one; the tables find dead ones and pass over them.
func (s *store) apply(p wire.ExpectedPage) {
	for _, sku := range p.SKUs {
		s.putSKU(sku)
	}
	for _, r := range p.Returns {
		s.kill(r.Ref)
		s.putReturn(r)
	}
	for _, ref := range p.Gone {
		s.kill(ref)
	}
	if s.waste > s.live+chunkSize {
		*s = *s.copied()
	}
}

func (s *store) putReturn(r wire.ExpectedReturn) {
	offset := s.add(r.Append(nil))
	n := sumsOf(r)
	s.returns++
	s.keyed += n
	if !s.refs.fits(1) || !s.keys.fits(n) {
		s.reindex() // finds the new record, too
		return
	}
	s.indexReturn(r, offset)
}

func sumsOf(r wire.ExpectedReturn) int {
	n := len(r.Keys)
	for _, l := range r.Lines {
		n += len(l.Serials)
	}
	return n
}

func (s *store) indexReturn(r wire.ExpectedReturn, offset uint32) {
	s.refs.put(mix(r.Ref), offset)
	for _, k := range r.Keys {
		s.keys.put(k.Sum, offset)
	}
	for _, l := range r.Lines {
		for _, serial := range l.Serials {
			s.keys.put(serial, offset)
		}
	}
}

func (s *store) putSKU(sku wire.ExpectedSKU) {
	if old, offset, ok := s.sku(sku.ID); ok {
		if slices.Equal(old.Codes, sku.Codes) {
			return // pages repeat the products of their returns
		}
		s.bury(offset, len(old.Append(nil)))
		s.products--
		s.coded -= len(old.Codes)
	}
	offset := s.add(sku.Append(nil))
	s.products++
	s.coded += len(sku.Codes)
	if !s.skus.fits(1) || !s.codes.fits(len(sku.Codes)) {
		s.reindex()
		return
	}
	s.indexSKU(sku, offset)
}

func (s *store) indexSKU(sku wire.ExpectedSKU, offset uint32) {
	s.skus.put(mix(sku.ID), offset)
	for _, c := range sku.Codes {
		s.codes.put(c, offset)
	}
}

// kill takes a return out.
func (s *store) kill(ref uint64) {
	s.refs.each(mix(ref), func(offset uint32) bool {
		r, live := s.returnAt(offset)
		if !live || r.Ref != ref {
			return true
		}
		s.bury(offset, len(r.Append(nil)))
		s.returns--
		s.keyed -= sumsOf(r)
		return false
	})
}

func (s *store) bury(offset uint32, size int) {
	s.at(offset)[0] |= dead
	s.live -= size
	s.waste += size
}

func (s *store) sku(id uint64) (found wire.ExpectedSKU, at uint32, ok bool) {
	s.skus.each(mix(id), func(offset uint32) bool {
		if sku, live := s.skuAt(offset); live && sku.ID == id {
			found, at, ok = sku, offset, true
		}
		return !ok
	})
	return found, at, ok
}

// reindex builds the tables anew, sized for what is alive.
func (s *store) reindex() {
	s.refs, s.keys, s.skus, s.codes = newTable(s.returns), newTable(s.keyed), newTable(s.products), newTable(s.coded)
	s.walk(s.indexSKU, s.indexReturn)
}

// walk visits the live records, oldest first.
func (s *store) walk(sku func(wire.ExpectedSKU, uint32), back func(wire.ExpectedReturn, uint32)) {
	for i, chunk := range s.chunks {
		for at := 0; at < len(chunk); {
			offset := s.starts[i] + uint32(at)
			kind := chunk[at]
			r := wire.ReadRecords(chunk[at+1:])
			switch kind &^ dead {
			case wire.RecordSKU:
				if v := r.SKU(); kind&dead == 0 {
					sku(v, offset)
				}
			case wire.RecordReturn:
				if v := r.Return(); kind&dead == 0 {
					back(v, offset)
				}
			}
			at = len(chunk) - r.Left()
		}
	}
}

// copied is the same without what is dead.
func (s *store) copied() *store {
	out := newStore()
	s.walk(func(v wire.ExpectedSKU, _ uint32) { out.putSKU(v) }, func(v wire.ExpectedReturn, _ uint32) { out.putReturn(v) })
	return out
}

// size is how many bytes of memory records and tables take.
func (s *store) size() int {
	n := 4 * (len(s.keys.slots) + len(s.refs.slots) + len(s.skus.slots) + len(s.codes.slots))
	for _, c := range s.chunks {
		n += cap(c)
	}
	return n
}
