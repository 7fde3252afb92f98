package descriptor

import (
	"errors"
	"fmt"
)

// Items of a descriptor: the prefix byte without the two bits of its size.
const (
	itemInput         = 0x80
	itemOutput        = 0x90
	itemFeature       = 0xB0
	itemCollection    = 0xA0
	itemEndCollection = 0xC0
	itemUsagePage     = 0x04
	itemReportSize    = 0x74
	itemReportID      = 0x84
	itemReportCount   = 0x94
	itemPush          = 0xA4
	itemPop           = 0xB4
	itemUsage         = 0x08
	itemUsageMin      = 0x18
	itemUsageMax      = 0x28
	itemDelimiter     = 0xA8
	itemLong          = 0xFE

	collectionApplication = 1
	flagConstant          = 1
	flagVariable          = 2
)

// global is the state that lasts until it is changed.
type global struct {
	page        uint16
	size, count uint32
	report      uint8
}

// usages is a range, or one usage twice.
type usages struct {
	from, to Usage
	short    bool // named without its page
}

type parser struct {
	global
	stack  []global
	within []Usage
	local  []usages
	min    Usage
	hasMin bool
	// delimited counts the usages of an open set of alternatives; only the first, which the device prefers, counts.
	open      bool
	delimited int
	out       Descriptor
}

// Parse reads a report descriptor.
func Parse(b []byte) (Descriptor, error) {
	if len(b) > MaxSize {
		return Descriptor{}, fmt.Errorf("report descriptor: %d bytes are more than %d", len(b), MaxSize)
	}
	p := parser{out: Descriptor{bits: map[reportKey]int{}}}
	for at := 0; at < len(b); {
		n, err := p.item(b[at:])
		if err != nil {
			return Descriptor{}, fmt.Errorf("report descriptor at byte %d: %w", at, err)
		}
		at += n
	}
	if len(p.within) > 0 {
		return Descriptor{}, errors.New("report descriptor: a collection has no end")
	}
	if len(p.out.Applications) == 0 {
		return Descriptor{}, errors.New("report descriptor: no application collection")
	}
	return p.out, nil
}

var errShort = errors.New("the item is cut off")

// item takes one item and returns its length.
func (p *parser) item(b []byte) (int, error) {
	prefix := b[0]
	if prefix == itemLong {
		if len(b) < 3 || len(b) < 3+int(b[1]) {
			return 0, errShort
		}
		return 3 + int(b[1]), nil // no long item is defined
	}
	size := int(prefix & 3)
	if size == 3 {
		size = 4
	}
	if len(b) < 1+size {
		return 0, errShort
	}
	var value uint32
	for i := range size {
		value |= uint32(b[1+i]) << (8 * i)
	}
	return 1 + size, p.take(prefix&^3, value, size)
}

func (p *parser) take(item byte, value uint32, size int) error {
	switch item {
	case itemInput:
		return p.main(Input, value)
	case itemOutput:
		return p.main(Output, value)
	case itemFeature:
		return p.main(Feature, value)
	case itemCollection:
		return p.begin(value)
	case itemEndCollection:
		if len(p.within) == 0 {
			return errors.New("an end without a collection")
		}
		p.within = p.within[:len(p.within)-1]
		p.clear()
	case itemUsage, itemUsageMin, itemUsageMax:
		return p.usage(item, value, size)
	case itemDelimiter:
		p.open, p.delimited = value == 1, 0
	default:
		return p.state(item, value)
	}
	return nil
}

// state takes the global items. Those that do not tell where a field is (logical and physical ranges, units, strings) are passed over.
func (p *parser) state(item byte, value uint32) error {
	switch item {
	case itemUsagePage:
		p.page = uint16(value)
	case itemReportSize:
		p.size = value
	case itemReportCount:
		p.count = value
	case itemReportID:
		if value == 0 || value > 0xff {
			return fmt.Errorf("report id %d", value)
		}
		p.report, p.out.Numbered = uint8(value), true
	case itemPush:
		if len(p.stack) == maxDepth {
			return errors.New("too many Push items")
		}
		p.stack = append(p.stack, p.global)
	case itemPop:
		if len(p.stack) == 0 {
			return errors.New("a Pop without a Push")
		}
		p.global, p.stack = p.stack[len(p.stack)-1], p.stack[:len(p.stack)-1]
	}
	return nil
}

func (p *parser) usage(item byte, value uint32, size int) error {
	u, short := Usage(value), size < 4
	if short {
		u = Of(p.page, uint16(value))
	}
	switch item {
	case itemUsageMin:
		p.min, p.hasMin = u, true
		return nil
	case itemUsageMax:
		if !p.hasMin || u < p.min || u.Page() != p.min.Page() {
			return fmt.Errorf("usages %v to %v", p.min, u)
		}
		p.hasMin = false
		return p.name(usages{p.min, u, short})
	}
	if p.open {
		if p.delimited++; p.delimited > 1 {
			return nil
		}
	}
	return p.name(usages{u, u, short})
}

func (p *parser) name(u usages) error {
	if len(p.local) == maxUsages {
		return errors.New("too many usages")
	}
	p.local = append(p.local, u)
	return nil
}

// pages gives the last usages the page that came after them. The specification puts page and usage together at the main item; a page that comes before its
// usages, as in nearly all descriptors, changes nothing here, and several pages within one item keep their meaning.
func (p *parser) pages() {
	for i := len(p.local) - 1; i >= 0; i-- {
		u := &p.local[i]
		if !u.short {
			continue
		}
		if u.from.Page() == p.page {
			return
		}
		u.from, u.to = Of(p.page, uint16(u.from)), Of(p.page, uint16(u.to))
	}
}

func (p *parser) clear() { p.local, p.hasMin, p.open, p.delimited = nil, false, false, 0 }

func (p *parser) begin(kind uint32) error {
	if len(p.within) == maxDepth {
		return errors.New("collections too deep")
	}
	p.pages()
	var u Usage
	if len(p.local) > 0 {
		u = p.local[0].from
	}
	if kind == collectionApplication && len(p.within) == 0 {
		p.out.Applications = append(p.out.Applications, u)
	}
	p.within = append(p.within[:len(p.within):len(p.within)], u)
	p.clear()
	return nil
}

// main takes Input, Output or Feature: the fields that the items before it described.
func (p *parser) main(kind Kind, flags uint32) error {
	defer p.clear()
	p.pages()
	key := reportKey{kind, p.report}
	bits := uint64(p.size) * uint64(p.count)
	if bits > MaxReport*8 || uint64(p.out.bits[key])+bits > MaxReport*8 {
		return fmt.Errorf("report %d is longer than %d bytes", p.report, MaxReport)
	}
	at := p.out.bits[key]
	p.out.bits[key] = at + int(bits)
	if flags&flagConstant != 0 || bits == 0 || len(p.local) == 0 {
		return nil // padding
	}
	f := Field{Kind: kind, Report: p.report, Bit: at, Size: int(p.size), Within: p.within}
	if flags&flagVariable == 0 {
		f.Array, f.Usage, f.Count = true, p.local[0].from, int(p.count)
		return p.add(f)
	}
	return p.spread(f, int(p.count))
}

// spread gives the elements their usages in order; the last usage stands for all that are left.
func (p *parser) spread(f Field, left int) error {
	for i, u := range p.local {
		for f.Usage = u.from; left > 0; f.Usage++ {
			f.Count = 1
			if i == len(p.local)-1 && f.Usage == u.to {
				f.Count = left
			}
			if err := p.add(f); err != nil {
				return err
			}
			f.Bit += f.Bits()
			left -= f.Count
			if f.Usage == u.to {
				break
			}
		}
	}
	return nil
}

func (p *parser) add(f Field) error {
	if len(p.out.Fields) == maxFields {
		return errors.New("too many fields")
	}
	p.out.Fields = append(p.out.Fields, f)
	return nil
}
