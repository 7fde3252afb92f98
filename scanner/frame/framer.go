package frame

import (
	"bytes"
	"time"
)

const (
	stx = 0x02
	etx = 0x03
)

// Kind says what an Event is.
type Kind string

const (
	Complete Kind = "complete" // a whole code
	NoRead   Kind = "no_read"  // the scanner was triggered and saw no code
	Overflow Kind = "overflow" // longer than the cap: Data holds the first Max bytes
	Partial  Kind = "partial"  // bytes whose beginning is missing: dropped
	Stale    Kind = "stale"    // bytes whose end never came: dropped
	Damaged  Kind = "damaged"  // something within was lost on the way: dropped
	Packet   Kind = "packet"   // of a packet protocol: part of a longer code, or a message that is none; wants to be acknowledged
	Broken   Kind = "broken"   // of a packet protocol: a packet that fails its checksum; wants to be asked for again
)

// Event is one thing the bytes said.
type Event struct {
	Kind      Kind
	Data      []byte        // without STX and terminator; for the caller to keep
	Symbology string        // AIM identifier such as "]E0", where the device tells it apart from the data
	Idle      bool          // Complete by silence, not by a terminator
	Lost      int           // bytes thrown away: Partial, Stale, Damaged, Broken
	Why       string        // Damaged: what was lost, for people who set a scanner up
	At        time.Duration // arrival of the byte that ended it, on the caller's clock
	// Repeat: the scanner sends the code before once more, because it heard no answer. It is the same reading, to be answered again and recorded no second time.
	Repeat bool
}

// Decoder turns what one device sends into events. Framer is the one for lines of text; keyboards and HID devices have their own.
type Decoder interface {
	// Write takes bytes that arrived at at, a monotonic time. Without bytes it says what silence has ended by then.
	Write(b []byte, at time.Duration) []Event
	// Deadline is when Write must be called if no byte comes before. ok is false while nothing waits.
	Deadline() (at time.Duration, ok bool)
	// Hangup says that the device went away: what waits will never end. The device's next opening gets a new decoder.
	Hangup() []Event
}

// NewDecoder makes the decoder of a device that was opened at at and sends as its profile says.
func NewDecoder(p Profile, at time.Duration) Decoder {
	if p.Protocol == SSI {
		return &ssi{p: p}
	}
	return New(p, at)
}

// Framer cuts the bytes of one device. It is not safe for concurrent use.
type Framer struct {
	p        Profile
	buf      []byte
	lost     bool   // skipping to the next terminator
	skipped  int    // bytes skipped and not yet reported
	quiet    bool   // what is being skipped is the rest of a reported overflow
	damaged  string // why what is being skipped is damaged; empty when it is not
	open     bool   // within STX … terminator
	sawCR    bool   // last byte of buf is a CR that may begin CRLF
	last     time.Duration
	newlines bool // CR and LF between frames are part of a terminator
}

// New makes a framer for a device that was opened at at. It panics on an invalid profile: FromQuery checks what people write.
func New(p Profile, at time.Duration) *Framer {
	if err := p.Valid(); err != nil {
		panic("frame: " + err.Error())
	}
	return &Framer{p: p, newlines: p.Suffix != TAB, lost: !p.KeepFirst && !p.STX, last: at}
}

// Write takes bytes that arrived at at, a monotonic time. The events do not share memory with b.
func (f *Framer) Write(b []byte, at time.Duration) []Event {
	// The timer of the caller may be late: silence counts by arrival, not by when somebody looked.
	out := f.Expire(at)
	if len(b) == 0 {
		return out
	}
	f.last = at
	for _, c := range b {
		out = f.byte(out, c, at)
	}
	return out
}

// Deadline is when Expire must be called if no byte comes before. ok is false while nothing waits.
func (f *Framer) Deadline() (at time.Duration, ok bool) {
	if !f.waiting() {
		return 0, false
	}
	return f.last + f.patience(), true
}

// Expire ends what silence ends at now.
func (f *Framer) Expire(now time.Duration) []Event {
	if !f.waiting() || now < f.last+f.patience() {
		return nil
	}
	at := f.last
	if f.lost {
		return f.expireLost(at)
	}
	if f.p.IdleAfter > 0 {
		return f.complete(nil, at, true)
	}
	lost := len(f.buf)
	f.reset()
	f.lost = !f.p.STX
	return []Event{{Kind: Stale, Lost: lost, At: at}}
}

// Damage says that bytes were lost on the way at at: what waits, and what comes up to the next terminator, is no code.
func (f *Framer) Damage(why string, at time.Duration) []Event {
	out := f.Expire(at)
	f.skipped += len(f.buf)
	f.buf = f.buf[:0]
	f.lost, f.open, f.quiet, f.sawCR = true, false, false, false
	if f.damaged == "" {
		f.damaged = why
	}
	f.last = at
	return out
}

// gap reports n bytes that are thrown away, if there is something to tell.
func (f *Framer) gap(out []Event, kind Kind, n int, at time.Duration) []Event {
	switch {
	case f.quiet:
		return out
	case f.damaged != "":
		return append(out, Event{Kind: Damaged, Lost: n, Why: f.damaged, At: at})
	case n > 0:
		return append(out, Event{Kind: kind, Lost: n, At: at})
	}
	return out
}

// expireLost reports skipped bytes now, so that the clerk hears about it while the piece is in the hand. Only where silence is the terminator does it
// bring the next beginning.
func (f *Framer) expireLost(at time.Duration) []Event {
	out := f.gap(nil, Partial, f.skipped, at)
	f.reset()
	f.lost = f.p.Suffix != None
	return out
}

// Hangup says that the device went away: what waits will never end. The device's next opening gets a new framer.
func (f *Framer) Hangup() []Event {
	if f.open && len(f.buf) == 0 {
		return []Event{{Kind: Stale, At: f.last}} // STX alone is the beginning of a code
	}
	return f.gap(nil, Stale, len(f.buf)+f.skipped, f.last)
}

// waiting reports whether silence would end something.
func (f *Framer) waiting() bool {
	if f.lost {
		return f.skipped > 0 || f.damaged != "" || f.p.Suffix == None
	}
	return len(f.buf) > 0 || f.open
}

func (f *Framer) patience() time.Duration {
	if f.p.IdleAfter > 0 && (!f.lost || f.p.Suffix == None) {
		return f.p.IdleAfter
	}
	return f.p.StaleAfter
}

func (f *Framer) byte(out []Event, c byte, at time.Duration) []Event {
	if f.p.STX {
		if c == stx {
			return f.begin(out, at)
		}
		if !f.open && !f.lost {
			if f.ends(c) || (f.newlines && newline(c)) {
				return out
			}
			f.lost = true // bytes outside STX … terminator
		}
	}
	if f.lost {
		return f.skip(out, c, at)
	}
	if len(f.buf) == 0 && !f.open && (f.ends(c) || (f.newlines && newline(c))) {
		return out // second half of CRLF, a doubled CR, or nothing before a terminator: never an empty scan
	}
	if len(f.buf) == 0 && !f.p.STX && f.p.Suffix == ETX && c == stx {
		return out // STX … ETX from a scanner whose STX was not announced
	}
	if f.ends(c) {
		if f.p.Suffix == CRLF || f.p.Suffix == LF {
			f.buf = bytes.TrimSuffix(f.buf, []byte("\r"))
		}
		return f.complete(out, at, false)
	}
	if len(f.buf) >= f.p.Max {
		out = append(out, Event{Kind: Overflow, Data: f.take(), At: at})
		f.lost, f.quiet = true, true
		return out
	}
	f.buf = append(f.buf, c)
	f.sawCR = c == '\r'
	return out
}

// begin handles STX where every frame has one.
func (f *Framer) begin(out []Event, at time.Duration) []Event {
	out = f.gap(out, Partial, len(f.buf)+f.skipped, at) // the end of the one before is missing
	f.reset()
	f.open = true
	return out
}

// skip passes over bytes up to the next terminator.
func (f *Framer) skip(out []Event, c byte, at time.Duration) []Event {
	if !f.ends(c) {
		f.skipped++
		f.sawCR = c == '\r'
		return out
	}
	n := f.skipped
	if f.p.Suffix == CRLF {
		n-- // its CR
	}
	out = f.gap(out, Partial, n, at)
	f.reset()
	return out
}

// ends reports whether c ends a frame, given the byte before it.
func (f *Framer) ends(c byte) bool {
	switch f.p.Suffix {
	case CR:
		return c == '\r'
	case LF:
		return c == '\n'
	case CRLF:
		return c == '\n' && f.sawCR
	case TAB:
		return c == '\t'
	case ETX:
		return c == etx
	}
	return false
}

func (f *Framer) complete(out []Event, at time.Duration, idle bool) []Event {
	data := f.take()
	if idle && f.newlines {
		data = bytes.TrimRight(data, "\r\n")
	}
	if len(data) == 0 {
		return out
	}
	return append(out, Event{Kind: f.p.Kind(data), Data: data, Idle: idle, At: at})
}

// take returns the frame so far and makes the framer ready for the next one.
func (f *Framer) take() []byte {
	data := bytes.Clone(f.buf)
	f.reset()
	return data
}

func (f *Framer) reset() {
	f.buf = f.buf[:0]
	f.lost, f.quiet, f.open, f.sawCR, f.skipped, f.damaged = false, false, false, false, 0, ""
}

func newline(c byte) bool { return c == '\r' || c == '\n' }
