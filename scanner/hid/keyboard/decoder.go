package keyboard

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/backdock/backdock/scanner/frame"
)

// Reasons of damage.
const (
	whyDropped  = "the kernel dropped key events: this computer was too slow to read them"
	whyModifier = "a modifier key came out of step: key events are missing"
	whyAlt      = "a number typed with Alt stands for no byte: try alt=unicode or alt=gbk"
)

// maxAlt is the longest number typed with Alt; four bytes have ten digits, and a zero may lead.
const maxAlt = 11

// Decoder turns the input events of one keyboard into codes. It is not safe for concurrent use.
type Decoder struct {
	framer   *frame.Framer
	layout   *layout
	alt      Alt
	size     int
	rest     []byte          // an event that came in part
	held     map[uint16]bool // modifiers
	caps     bool
	digits   []byte // typed while Alt is held
	dead     rune   // accent that waits for its letter; 0 for none
	dropping bool   // between SYN_DROPPED and the next SYN_REPORT
	last     time.Duration
}

// New makes a decoder for a keyboard that was opened at at. It panics on invalid settings or profile: FromQuery checks what people write.
func New(s Settings, p frame.Profile, at time.Duration) *Decoder {
	l, err := newLayout(s.Layout, s.Dead)
	if err == nil {
		err = s.valid()
	}
	if err != nil {
		panic("keyboard: " + err.Error())
	}
	return &Decoder{framer: frame.New(p, at), layout: l, alt: s.Alt, size: s.Event, held: map[uint16]bool{}, caps: s.Caps}
}

// Write takes input events as the kernel writes them: a time, then type, code and value.
func (d *Decoder) Write(b []byte, at time.Duration) []frame.Event {
	out := d.framer.Write(nil, at)
	if len(b) > 0 {
		d.last = at
	}
	d.rest = append(d.rest, b...)
	for len(d.rest) >= d.size {
		e := d.rest[d.size-8 : d.size]
		kind, code, value := binary.LittleEndian.Uint16(e), binary.LittleEndian.Uint16(e[2:]), int32(binary.LittleEndian.Uint32(e[4:]))
		d.rest = d.rest[d.size:]
		out = append(out, d.event(kind, code, value, at)...)
	}
	d.rest = append([]byte(nil), d.rest...)
	return out
}

// Deadline is when Write must be called if no event comes before.
func (d *Decoder) Deadline() (time.Duration, bool) { return d.framer.Deadline() }

// Hangup says that the keyboard went away. A key that waits for another, such as an accent or Shift, begins a code as well as a character does.
func (d *Decoder) Hangup() []frame.Event {
	if out := d.framer.Hangup(); len(out) > 0 {
		return out
	}
	if d.dead != 0 || len(d.digits) > 0 || len(d.rest) > 0 || len(d.held) > 0 {
		return []frame.Event{{Kind: frame.Stale, At: d.last}}
	}
	return nil
}

func (d *Decoder) event(kind, code uint16, value int32, at time.Duration) []frame.Event {
	switch {
	case kind == evSyn && code == synDropped:
		// What is held now nobody can say. Scanners hold no key from one code to the next, so nothing held is right where it matters: after the terminator.
		clear(d.held)
		d.digits, d.dead, d.dropping = nil, 0, true
		return d.framer.Damage(whyDropped, at)
	case kind == evSyn && code == synReport:
		d.dropping = false
	case kind == evKey && !d.dropping && value == pressed:
		return d.press(code, at)
	case kind == evKey && !d.dropping && value == released:
		return d.release(code, at)
	}
	return nil
}

func (d *Decoder) press(code uint16, at time.Duration) []frame.Event {
	switch code {
	case keyLeftShift, keyRightShift, keyLeftCtrl, keyRightCtrl, keyLeftAlt, keyRightAlt:
		var out []frame.Event
		if d.held[code] {
			out = d.damage(whyModifier, at)
		}
		d.held[code] = true
		return out
	case keyCapsLock:
		d.caps = !d.caps
		return nil
	case keyNumLock, keyScrollLock:
		return nil // scanners that type on the keypad set Num Lock first
	}
	ctrl, alt := d.held[keyLeftCtrl] || d.held[keyRightCtrl], d.held[keyLeftAlt] || d.held[keyRightAlt]
	third := d.layout.altgr && (d.held[keyRightAlt] || ctrl && alt)
	switch {
	case third:
		return d.character(code, altgr, at)
	case alt:
		return d.altDigit(code, at)
	}
	level := plain
	if d.held[keyLeftShift] || d.held[keyRightShift] {
		level = shift
	}
	if ctrl {
		if code == keyEnter {
			return d.send([]byte{'\n'}, at)
		}
		if c, ok := d.layout.control(code, level); ok {
			return d.send([]byte{c}, at)
		}
		return d.unknown(code, at)
	}
	if d.caps && d.layout.letter(code) {
		level = shift - level
	}
	return d.character(code, level, at)
}

func (d *Decoder) release(code uint16, at time.Duration) []frame.Event {
	switch code {
	case keyLeftShift, keyRightShift, keyLeftCtrl, keyRightCtrl:
		if !d.held[code] {
			return d.damage(whyModifier, at)
		}
	case keyLeftAlt, keyRightAlt:
		if !d.held[code] {
			return d.damage(whyModifier, at)
		}
		if len(d.digits) > 0 {
			text, ok := d.alt.text(string(d.digits))
			d.digits = nil
			delete(d.held, code)
			if !ok {
				return d.damage(whyAlt, at)
			}
			return d.send(text, at)
		}
	}
	delete(d.held, code)
	return nil
}

// altDigit takes a key that is pressed while Alt is held.
func (d *Decoder) altDigit(code uint16, at time.Duration) []frame.Event {
	c, ok := keypadDigit(code)
	if !ok || len(d.digits) == maxAlt {
		return d.unknown(code, at)
	}
	d.digits = append(d.digits, c)
	return nil
}

// character takes a key with its level decided.
func (d *Decoder) character(code uint16, at level, now time.Duration) []frame.Event {
	switch code {
	case keyEnter, keyKPEnter:
		return d.send([]byte{'\r'}, now)
	case keyTab:
		return d.send([]byte{'\t'}, now)
	case keyEsc:
		return d.send([]byte{0x1b}, now)
	case keyBackspace:
		return d.send([]byte{'\b'}, now)
	}
	c := d.layout.chars[code][at]
	if c == 0 {
		return d.unknown(code, now)
	}
	if accent := d.dead; accent != 0 {
		d.dead = 0
		return d.framer.Write([]byte(compose(accent, c)), now)
	}
	if d.layout.dead[place{code, at}] {
		d.dead = c
		return nil
	}
	return d.framer.Write([]byte(string(c)), now)
}

// send passes on what no accent goes on. One that waits comes before it.
func (d *Decoder) send(text []byte, at time.Duration) []frame.Event {
	if d.dead != 0 {
		text = append([]byte(string(d.dead)), text...)
		d.dead = 0
	}
	return d.framer.Write(text, at)
}

func (d *Decoder) damage(why string, at time.Duration) []frame.Event {
	clear(d.held)
	d.digits, d.dead = nil, 0
	return d.framer.Damage(why, at)
}

// unknown takes a key that stands for nothing. A code with a hole is no code.
func (d *Decoder) unknown(code uint16, at time.Duration) []frame.Event {
	d.digits, d.dead = nil, 0
	return d.framer.Damage(fmt.Sprintf("key %d stands for no character here: is layout= the country that the scanner is set to?", code), at)
}
