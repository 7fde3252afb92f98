package pos

import (
	"bytes"
	"time"

	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid/descriptor"
)

// Marks of a read, set by who reads the device.
const (
	// Fresh: nothing is known to be missing.
	Fresh byte = 0
	// Full: the kernel's queue may have been full behind this report. Between it and the next one others may be missing, but none before the first so marked.
	Full byte = 1
)

// DefaultPause is the longest silence within a code. USB asks a device at least every 255 ms, and nothing keeps a report back that is ready.
const DefaultPause = 500 * time.Millisecond

const (
	whyQueue     = "the kernel dropped reports: this computer was too slow to read them"
	whySymbology = "the symbology changed within a code: a report is missing"
)

// Decoder turns the reports of one device into codes. It is not safe for concurrent use.
type Decoder struct {
	p        frame.Profile
	layouts  map[uint8]*layout
	numbered bool
	pause    time.Duration

	buf       []byte
	symbology [3]byte
	open      bool // buf is continued
	lost      bool // skipping to the end of a code
	opening   bool // lost, but silence brings a beginning
	quiet     bool // what is being skipped was told already
	full      bool // the read before was marked Full
	skipped   int  // bytes skipped and not told
	last      time.Duration
}

// New makes a decoder for a device that was opened at at and is silent for no longer than pause within a code. The error says that the device is no scanner.
func New(d descriptor.Descriptor, p frame.Profile, pause, at time.Duration) (*Decoder, error) {
	l, err := layouts(d)
	if err != nil {
		return nil, err
	}
	return &Decoder{p: p, layouts: l, numbered: d.Numbered, pause: pause, lost: !p.KeepFirst, opening: !p.KeepFirst, last: at}, nil
}

// Write takes one read: a mark and a report. Reports of another kind are passed over.
func (d *Decoder) Write(b []byte, at time.Duration) []frame.Event {
	out := d.expire(at)
	if len(b) == 0 {
		return out
	}
	full, again := b[0]&Full != 0, d.full
	if d.full = full; full && again {
		return out // between two gaps, and told
	}
	report, id := b[1:], uint8(0)
	if d.numbered && len(report) > 0 {
		id, report = report[0], report[1:]
	}
	if l := d.layouts[id]; l != nil {
		d.last = at
		out = append(out, d.report(l.read(report), at)...)
	}
	if full {
		d.last = at
		out = append(out, frame.Event{Kind: frame.Damaged, Lost: len(d.buf) + d.skipped, Why: whyQueue, At: at})
		d.reset()
		d.skip(true)
	}
	return out
}

// skip passes over the rest of a code that was told of, if there is a rest.
func (d *Decoder) skip(rest bool) { d.lost, d.opening, d.quiet = rest, rest, rest }

// Deadline is when Write must be called if no report comes before.
func (d *Decoder) Deadline() (at time.Duration, ok bool) {
	if d.open || d.opening || d.skipped > 0 {
		return d.last + d.pause, true
	}
	return 0, false
}

// Hangup says that the device went away.
func (d *Decoder) Hangup() []frame.Event {
	if n := len(d.buf) + d.skipped; (d.open || d.skipped > 0) && !d.quiet {
		return []frame.Event{{Kind: frame.Stale, Lost: n, At: d.last}}
	}
	return nil
}

// expire ends what silence ends at now.
func (d *Decoder) expire(now time.Duration) []frame.Event {
	if at, waiting := d.Deadline(); !waiting || now < at {
		return nil
	}
	if d.open {
		e := frame.Event{Kind: frame.Stale, Lost: len(d.buf), At: d.last}
		// The rest may come all the same, and must not pass for a code.
		d.reset()
		d.lost = true
		return []frame.Event{e}
	}
	out := d.tail(nil, d.last)
	lost := d.lost && !d.opening
	d.reset()
	d.lost = lost
	return out
}

// tail tells what was skipped.
func (d *Decoder) tail(out []frame.Event, at time.Duration) []frame.Event {
	if d.skipped > 0 && !d.quiet {
		out = append(out, frame.Event{Kind: frame.Partial, Lost: d.skipped, At: at})
	}
	return out
}

func (d *Decoder) report(p part, at time.Duration) []frame.Event {
	switch {
	case p.wrong != "":
		return d.damage(p, p.wrong, at)
	case d.lost:
		d.skipped += len(p.data)
		if p.continued {
			return nil
		}
		out := d.tail(nil, at)
		d.reset()
		return out
	case !d.open:
		d.symbology = p.symbology
	case p.symbology != d.symbology && p.symbology != [3]byte{}:
		return d.damage(p, whySymbology, at)
	}
	if room := d.p.Max - len(d.buf); len(p.data) > room {
		e := frame.Event{Kind: frame.Overflow, Data: append(bytes.Clone(d.buf), p.data[:room]...), Symbology: aim(d.symbology), At: at}
		d.reset()
		d.skip(p.continued)
		return []frame.Event{e}
	}
	d.buf, d.open = append(d.buf, p.data...), p.continued
	if p.continued {
		return nil
	}
	return d.complete(at)
}

func (d *Decoder) complete(at time.Duration) []frame.Event {
	data, id := d.trim(bytes.Clone(d.buf)), aim(d.symbology)
	d.reset()
	if len(data) == 0 {
		return nil
	}
	return []frame.Event{{Kind: d.p.Kind(data), Data: data, Symbology: id, At: at}}
}

// damage tells that a report does not fit, and skips the rest of its code.
func (d *Decoder) damage(p part, why string, at time.Duration) []frame.Event {
	e := frame.Event{Kind: frame.Damaged, Lost: len(d.buf) + d.skipped + len(p.data), Why: why, At: at}
	told := d.quiet
	d.reset()
	d.skip(p.open || p.continued)
	if told {
		return nil
	}
	return []frame.Event{e}
}

// trim takes off the terminator that some scanners add here too.
func (d *Decoder) trim(data []byte) []byte {
	switch d.p.Suffix {
	case frame.CR, frame.LF, frame.CRLF:
		return bytes.TrimRight(data, "\r\n")
	case frame.TAB:
		return bytes.TrimRight(data, "\t")
	case frame.ETX:
		return bytes.TrimRight(data, "\x03")
	}
	return data
}

func (d *Decoder) reset() {
	d.buf, d.symbology, d.open, d.lost, d.opening, d.quiet, d.skipped = d.buf[:0], [3]byte{}, false, false, false, false, 0
}
