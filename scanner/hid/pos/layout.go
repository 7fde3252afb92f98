package pos

import (
	"errors"

	"github.com/backdock/backdock/scanner/hid/descriptor"
)

// Page is the usage page of bar code scanners.
const Page = 0x8C

// Scanner is the application collection of a HID POS scanner.
var Scanner = descriptor.Of(Page, 0x02)

var (
	usageLength    = descriptor.Of(0x01, 0x3B) // Generic Desktop, Byte Count
	usageErrorBeep = descriptor.Of(Page, 0x85)
	usageGoodBeep  = descriptor.Of(Page, 0x86)
	usageSymbology = descriptor.Of(Page, 0xFB) // and the next two
	usageData      = descriptor.Of(Page, 0xFE)
	usageContinued = descriptor.Of(Page, 0xFF)
)

// layout says where one scanned data report has its parts. Fields that the device does not have are nil.
type layout struct {
	bytes     int // of the report, without its id
	length    *descriptor.Field
	symbology [3]*descriptor.Field
	data      []descriptor.Field
	continued *descriptor.Field
}

// layouts finds the reports that carry decoded data, by report id.
func layouts(d descriptor.Descriptor) (map[uint8]*layout, error) {
	out := map[uint8]*layout{}
	for _, f := range d.Fields {
		if f.Kind == descriptor.Input && f.Usage == usageData && f.Size%8 == 0 {
			if out[f.Report] == nil {
				out[f.Report] = &layout{bytes: d.Length(descriptor.Input, f.Report)}
			}
			out[f.Report].data = append(out[f.Report].data, f)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("the device describes no scanned data (usage 8C:FE): it is no HID POS scanner, or is set to another mode")
	}
	for i := range d.Fields {
		f := &d.Fields[i]
		l := out[f.Report]
		if l == nil || f.Kind != descriptor.Input {
			continue
		}
		switch f.Usage {
		case usageLength:
			l.length = first(l.length, f)
		case usageContinued:
			l.continued = first(l.continued, f)
		case usageSymbology, usageSymbology + 1, usageSymbology + 2:
			l.symbologies(f)
		}
	}
	return out, nil
}

func first(have, f *descriptor.Field) *descriptor.Field {
	if have != nil {
		return have
	}
	return f
}

// symbologies takes one of the three, or all three as one run under the first one's usage.
func (l *layout) symbologies(f *descriptor.Field) {
	for i := range min(f.Count, 3) {
		one := *f
		one.Bit, one.Count = f.Bit+i*f.Size, 1
		if at := int(f.Usage-usageSymbology) + i; at < 3 {
			l.symbology[at] = first(l.symbology[at], &one)
		}
	}
}

// part is what one report says.
type part struct {
	data      []byte
	symbology [3]byte
	continued bool
	wrong     string // why the report cannot be used; empty when it can
	open      bool   // nobody knows whether the code goes on
}

const (
	whyShort  = "a report is shorter than the device says"
	whyLength = "a report says that it holds more bytes than it can"
)

// read takes a report without its id byte.
func (l *layout) read(report []byte) part {
	if len(report) < l.bytes {
		return part{wrong: whyShort, open: true}
	}
	var p part
	if l.continued != nil {
		n, _ := l.continued.Number(report)
		p.continued = n&1 == 1
	}
	for i, f := range l.symbology {
		if f != nil {
			n, _ := f.Number(report)
			p.symbology[i] = byte(n)
		}
	}
	for _, f := range l.data {
		b, _ := f.Bytes(report)
		p.data = append(p.data, b...)
	}
	if l.length == nil {
		// Nothing says how long the data is; what is not used is zero.
		for len(p.data) > 0 && p.data[len(p.data)-1] == 0 {
			p.data = p.data[:len(p.data)-1]
		}
		return p
	}
	n, _ := l.length.Number(report)
	if int64(n) > int64(len(p.data)) {
		p.data, p.wrong = nil, whyLength
		return p
	}
	p.data = p.data[:n]
	return p
}

// aim renders a symbology as people write it, empty when it is none.
func aim(id [3]byte) string {
	letter, modifier := id[1]|0x20, id[2]
	if id[0] != ']' || letter < 'a' || letter > 'z' || !(modifier >= '0' && modifier <= '9' || modifier|0x20 >= 'a' && modifier|0x20 <= 'z') {
		return ""
	}
	return string(id[:])
}
