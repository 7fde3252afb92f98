package descriptor

import "fmt"

// Limits, those of the Linux kernel. What is beyond them is refused.
const (
	MaxSize   = 4096  // bytes of a descriptor
	MaxReport = 16384 // bytes of a report
	maxFields = 4096
	maxDepth  = 32  // of collections, and of Push
	maxUsages = 512 // named for one main item
)

// Usage is a usage page and a usage in it: 0x8C00FE is usage 0xFE of page 0x8C.
type Usage uint32

// Of makes a Usage.
func Of(page, id uint16) Usage { return Usage(page)<<16 | Usage(id) }

// Page is the usage's page.
func (u Usage) Page() uint16 { return uint16(u >> 16) }

// String renders a usage as people write it, 8C:FE.
func (u Usage) String() string { return fmt.Sprintf("%02X:%02X", u.Page(), uint16(u)) }

// Kind is which way a report goes.
type Kind uint8

const (
	Input   Kind = iota // device to host
	Output              // host to device
	Feature             // both, on request
)

// Field is a run of elements with one usage in one report.
type Field struct {
	Kind   Kind
	Report uint8 // report id; 0 where the device has none
	Usage  Usage
	Bit    int  // where it begins in the report, not counting the id byte
	Size   int  // bits of one element
	Count  int  // elements
	Array  bool // elements hold numbers of usages, not values
	Within []Usage
}

// Bits is the length of the whole field.
func (f Field) Bits() int { return f.Size * f.Count }

// In reports whether the field lies in a collection of this usage.
func (f Field) In(u Usage) bool {
	for _, w := range f.Within {
		if w == u {
			return true
		}
	}
	return false
}

// Number reads the field's first element from a report without its id byte, as an unsigned number; of more than 32 bits the low ones. ok is false if the
// report ends before it.
func (f Field) Number(report []byte) (n uint32, ok bool) {
	if f.Bit+f.Size > len(report)*8 {
		return 0, false
	}
	for i := range min(f.Size, 32) {
		at := f.Bit + i
		n |= uint32(report[at/8]>>(at%8)&1) << i
	}
	return n, true
}

// SetNumber writes the field's first element.
func (f Field) SetNumber(report []byte, n uint32) {
	for i := range min(f.Size, 32) {
		at := f.Bit + i
		report[at/8] &^= 1 << (at % 8)
		report[at/8] |= byte(n>>i&1) << (at % 8)
	}
}

// Bytes reads the whole field as bytes: buffered bytes, or elements of eight bits. ok is false if the report ends before it.
func (f Field) Bytes(report []byte) (b []byte, ok bool) {
	if f.Bit+f.Bits() > len(report)*8 {
		return nil, false
	}
	b = make([]byte, f.Bits()/8)
	for i := range b {
		at := f.Bit + i*8
		b[i] = report[at/8] >> (at % 8)
		if at%8 > 0 {
			b[i] |= report[at/8+1] << (8 - at%8)
		}
	}
	return b, true
}

// Descriptor is what a device says of itself.
type Descriptor struct {
	Applications []Usage // its top-level collections
	Fields       []Field // without padding
	Numbered     bool    // every report begins with its id
	bits         map[reportKey]int
}

type reportKey struct {
	kind Kind
	id   uint8
}

// Length is the number of bytes of a report, without its id byte. 0 means that there is no such report.
func (d Descriptor) Length(kind Kind, id uint8) int { return (d.bits[reportKey{kind, id}] + 7) / 8 }

// Is reports whether the device has a top-level collection of this usage.
func (d Descriptor) Is(u Usage) bool {
	for _, a := range d.Applications {
		if a == u {
			return true
		}
	}
	return false
}
