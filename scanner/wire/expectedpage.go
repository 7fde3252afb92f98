package wire

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A page is, little endian, with unsigned varints:
//
//	"BDX" 1 │ flags u8 │ len, cursor │ record … │ CRC-32C u32 of all before it
//	SKU     1 │ id │ n, n × sum u64
//	return  2 │ ref │ flags u8 │ n, n × (role u8, sum u64) │ n, n × (sku, count, m, m × sum u64)
//	gone    3 │ ref
const (
	// MaxExpectedPage bounds a page in bytes.
	MaxExpectedPage = 4 << 20

	pageBegin    = 1
	pageComplete = 2
	returnOver   = 1

	RecordSKU    = 1
	RecordReturn = 2
	RecordGone   = 3

	maxCursor = 256
)

var (
	pageMagic  = []byte{'B', 'D', 'X', 1}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// Encode writes a page.
func (p ExpectedPage) Encode() []byte {
	b := append([]byte{}, pageMagic...)
	var flags byte
	if p.Begin {
		flags |= pageBegin
	}
	if p.Complete {
		flags |= pageComplete
	}
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(len(p.Cursor)))
	b = append(b, p.Cursor...)
	for _, s := range p.SKUs {
		b = s.Append(b)
	}
	for _, r := range p.Returns {
		b = r.Append(b)
	}
	for _, ref := range p.Gone {
		b = binary.AppendUvarint(append(b, RecordGone), ref)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// Append writes a SKU as a record.
func (s ExpectedSKU) Append(b []byte) []byte {
	b = binary.AppendUvarint(append(b, RecordSKU), s.ID)
	return appendSums(b, s.Codes)
}

// Append writes a return as a record.
func (r ExpectedReturn) Append(b []byte) []byte {
	b = binary.AppendUvarint(append(b, RecordReturn), r.Ref)
	var flags byte
	if r.Over {
		flags |= returnOver
	}
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(len(r.Keys)))
	for _, k := range r.Keys {
		b = binary.LittleEndian.AppendUint64(append(b, byte(k.Role)), k.Sum)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Lines)))
	for _, l := range r.Lines {
		b = binary.AppendUvarint(b, l.SKU)
		b = binary.AppendUvarint(b, l.Count)
		b = appendSums(b, l.Serials)
	}
	return b
}

func appendSums(b []byte, sums []uint64) []byte {
	b = binary.AppendUvarint(b, uint64(len(sums)))
	for _, s := range sums {
		b = binary.LittleEndian.AppendUint64(b, s)
	}
	return b
}

// DecodeExpected reads a page. What is no whole page with a right checksum is an error that wraps ErrInvalid.
func DecodeExpected(b []byte) (ExpectedPage, error) {
	var p ExpectedPage
	if len(b) > MaxExpectedPage {
		return p, fmt.Errorf("%w: a page of %d bytes", ErrInvalid, len(b))
	}
	if len(b) < len(pageMagic)+6 || string(b[:len(pageMagic)]) != string(pageMagic) {
		return p, fmt.Errorf("%w: no page of expected returns", ErrInvalid)
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return p, fmt.Errorf("%w: checksum of a page", ErrInvalid)
	}
	r := RecordReader{b: body[len(pageMagic):]}
	flags := r.byte()
	p.Begin, p.Complete = flags&pageBegin != 0, flags&pageComplete != 0
	p.Cursor = string(r.take(r.count(maxCursor, 1)))
	for len(r.b) > 0 && r.err == nil {
		switch kind := r.byte(); kind {
		case RecordSKU:
			p.SKUs = append(p.SKUs, r.SKU())
		case RecordReturn:
			p.Returns = append(p.Returns, r.Return())
		case RecordGone:
			p.Gone = append(p.Gone, r.uvarint())
		default:
			r.fail("record kind %d", kind)
		}
	}
	if r.err != nil {
		return ExpectedPage{}, r.err
	}
	return p, nil
}

// RecordReader reads records that are written one behind the other. After an error everything it returns is empty.
type RecordReader struct {
	b   []byte
	err error
}

// ReadRecords reads records from b; the kind byte of each is the caller's to take.
func ReadRecords(b []byte) *RecordReader { return &RecordReader{b: b} }

// Err is the first thing that was wrong.
func (r *RecordReader) Err() error { return r.err }

// Left is how many bytes were not read.
func (r *RecordReader) Left() int { return len(r.b) }

func (r *RecordReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: expected returns: "+format, append([]any{ErrInvalid}, args...)...)
	}
	r.b = nil
}

func (r *RecordReader) take(n int) []byte {
	if n > len(r.b) {
		r.fail("cut short")
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *RecordReader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *RecordReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail("bad number")
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads how many things of size bytes follow: never more than fit, so that a forged count allocates nothing.
func (r *RecordReader) count(most, size int) int {
	n := r.uvarint()
	if n > uint64(most) || n*uint64(size) > uint64(len(r.b)) {
		r.fail("%d things where %d bytes are left", n, len(r.b))
		return 0
	}
	return int(n)
}

func (r *RecordReader) sum() uint64 {
	if b := r.take(8); len(b) == 8 {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *RecordReader) sums() []uint64 {
	n := r.count(MaxExpectedPage, 8)
	if n == 0 {
		return nil
	}
	out := make([]uint64, n)
	for i := range out {
		out[i] = r.sum()
	}
	return out
}

// SKU reads a SKU behind its kind.
func (r *RecordReader) SKU() ExpectedSKU { return ExpectedSKU{ID: r.uvarint(), Codes: r.sums()} }

// Return reads a return behind its kind.
func (r *RecordReader) Return() ExpectedReturn {
	out := ExpectedReturn{Ref: r.uvarint()}
	out.Over = r.byte()&returnOver != 0
	if n := r.count(MaxExpectedPage, 9); n > 0 {
		out.Keys = make([]ExpectedKey, n)
		for i := range out.Keys {
			out.Keys[i] = ExpectedKey{Role: Role(r.byte()), Sum: r.sum()}
		}
	}
	if n := r.count(MaxExpectedPage, 3); n > 0 {
		out.Lines = make([]ExpectedLine, n)
		for i := range out.Lines {
			out.Lines[i] = ExpectedLine{SKU: r.uvarint(), Count: r.uvarint(), Serials: r.sums()}
		}
	}
	return out
}
