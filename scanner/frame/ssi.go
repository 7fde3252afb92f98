package frame

import (
	"bytes"
	"time"
)

// Zebra's Simple Serial Interface (SSI) sends packets that the host must acknowledge:
//
//	length  opcode  source  status  data …  checksum(2)
//
// length counts all but the checksum; source is 0 for the scanner, 4 for the host; status bit 0: sent once more, bit 1: more packets of this message follow;
// checksum: the two's complement of the sum of what stands before, high byte first. In DECODE_DATA the first data byte is the kind of barcode.
//
// A scanner that gets no answer, or is asked to, sends the packet twice more with bit 0 set, and then sounds its own error. Sources: Zebra, Simple Serial
// Interface Programmer's Guide 72E-40451; Symbol SE955 Integration Guide, chapter 10; DS4308 Product Reference Guide, chapter 7.
const (
	ssiACK        = 0xD0
	ssiNAK        = 0xD1
	ssiDecodeData = 0xF3
	ssiAgain      = 1 << 0
	ssiMore       = 1 << 1

	// ssiGap is the silence that ends a packet whose end is missing. Bytes of one packet follow each other at once.
	ssiGap = 200 * time.Millisecond
	// ssiPatience is how long the next packet of a message, or a packet sent once more, may take: longer than a scanner's three tries of up to 9.9 s each.
	ssiPatience = 35 * time.Second
)

// ssiSymbology gives the AIM identifier of the kinds of barcode that leave no doubt. A Data Matrix or QR code may be GS1's under the same number: its data must
// bring its own identifier.
var ssiSymbology = map[byte]string{0x01: "]A0", 0x02: "]F0", 0x03: "]C0", 0x06: "]I0", 0x07: "]G0", 0x08: "]E0", 0x09: "]E0", 0x0A: "]E4", 0x0B: "]E0", 0x0F: "]C1", 0x11: "]L0"}

// ssi is the Decoder of packets.
type ssi struct {
	p       Profile
	buf     []byte // packet so far
	broken  bool   // skipping to the next silence
	skipped int
	at      time.Duration // last byte

	message []byte // of a longer code, so far
	aim     string
	long    bool // message is longer than the cap

	last     []byte // last packet that was taken, as it was sent first
	lastAt   time.Duration
	whole    Event // the code that ended with it
	doubtful bool  // a packet after it was damaged, and may have been a new one
}

// Write takes bytes that arrived at at; without bytes it says what silence has ended.
func (s *ssi) Write(b []byte, at time.Duration) []Event {
	out := s.expire(at)
	if len(b) == 0 {
		return out
	}
	s.at = at
	for _, c := range b {
		out = s.byte(out, c)
	}
	return out
}

func (s *ssi) byte(out []Event, c byte) []Event {
	if s.broken {
		s.skipped++
		return out
	}
	s.buf = append(s.buf, c)
	if n := int(s.buf[0]); n >= 4 {
		if len(s.buf) < n+2 {
			return out
		}
		if ssiSum(s.buf[:n]) == uint16(s.buf[n])<<8|uint16(s.buf[n+1]) {
			packet := s.buf[:n]
			out = s.packet(out, packet)
			s.buf = s.buf[:0]
			return out
		}
	}
	// Where it really ends cannot be told: whatever comes before the next silence belongs to it. The scanner waits for an answer after each packet.
	s.broken = true
	return out
}

// ssiSum is the checksum of a packet without it.
func ssiSum(b []byte) uint16 {
	var sum uint16
	for _, c := range b {
		sum += uint16(c)
	}
	return -sum
}

func (s *ssi) packet(out []Event, b []byte) []Event {
	op, source, status := b[1], b[2], b[3]
	if op == ssiACK || op == ssiNAK || source != 0 {
		return out // the scanner's answer to a beep, or an echo
	}
	if op != ssiDecodeData || len(b) < 5 {
		return append(out, Event{Kind: Packet, At: s.at})
	}
	first := bytes.Clone(b)
	first[3] &^= ssiAgain
	if status&ssiAgain != 0 && bytes.Equal(first, s.last) && !s.doubtful && s.at-s.lastAt <= ssiPatience {
		return append(out, s.again())
	}
	if s.doubtful && status&ssiAgain == 0 && s.message != nil {
		out = append(out, s.dropped(s.at)) // the scanner gave the longer code up and begins another
	}
	s.last, s.lastAt, s.doubtful, s.whole = first, s.at, false, Event{}
	return append(out, s.decoded(b[4], b[5:], status&ssiMore != 0))
}

// again answers a packet that the scanner sends once more because it heard no answer to the first.
func (s *ssi) again() Event {
	s.lastAt = s.at
	if s.whole.Kind == "" {
		return Event{Kind: Packet, At: s.at}
	}
	e := s.whole
	e.Data = bytes.Clone(e.Data)
	e.Repeat, e.At = true, s.at
	return e
}

// decoded adds data to the code under way and ends it unless more follows.
func (s *ssi) decoded(kind byte, data []byte, more bool) Event {
	if s.message == nil {
		s.message, s.aim = []byte{}, ssiSymbology[kind]
	}
	room := s.p.Max - len(s.message)
	s.long = s.long || len(data) > room
	s.message = append(s.message, data[:min(room, len(data))]...)
	if more {
		return Event{Kind: Packet, At: s.at}
	}
	text := s.unended(s.message)
	e := Event{Kind: s.p.Kind(text), Data: text, Symbology: s.aim, At: s.at}
	if len(text) > 2 && text[0] == ']' {
		e.Symbology = "" // the scanner adds its own identifier, which knows more than the packet
	}
	switch {
	case s.long:
		e.Kind = Overflow
	case len(text) == 0:
		e.Kind = NoRead
	}
	s.message, s.long = nil, false
	s.whole = e
	return e
}

// unended takes a suffix off that the scanner adds although packets need none.
func (s *ssi) unended(data []byte) []byte {
	switch s.p.Suffix {
	case TAB:
		return bytes.TrimSuffix(data, []byte("\t"))
	case ETX:
		return bytes.TrimSuffix(data, []byte{etx})
	case None:
		return data
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
}

func (s *ssi) dropped(at time.Duration) Event {
	n := len(s.message)
	s.message, s.long = nil, false
	return Event{Kind: Stale, Lost: n, At: at}
}

func (s *ssi) gap() time.Duration {
	if s.p.IdleAfter > 0 {
		return s.p.IdleAfter
	}
	return ssiGap
}

// Deadline is when silence ends something.
func (s *ssi) Deadline() (time.Duration, bool) {
	switch {
	case len(s.buf) > 0:
		return s.at + s.gap(), true
	case s.message != nil:
		return s.lastAt + ssiPatience, true
	}
	return 0, false
}

func (s *ssi) expire(now time.Duration) []Event {
	var out []Event
	if len(s.buf) > 0 && now >= s.at+s.gap() {
		out = append(out, s.damaged())
	}
	if len(s.buf) == 0 && s.message != nil && now >= s.lastAt+ssiPatience {
		out = append(out, s.dropped(s.lastAt))
	}
	return out
}

// damaged ends a packet that is none.
func (s *ssi) damaged() Event {
	// One that says itself that it was sent before is no new code; anything else may have been one.
	if n := len(s.buf); n < 4 || s.buf[1] != ssiDecodeData || s.buf[3]&ssiAgain == 0 {
		s.doubtful = true
	}
	e := Event{Kind: Broken, Lost: len(s.buf) + s.skipped, At: s.at}
	s.buf, s.broken, s.skipped = s.buf[:0], false, 0
	return e
}

// Hangup says that the device went away.
func (s *ssi) Hangup() []Event {
	if n := len(s.buf) + s.skipped + len(s.message); n > 0 {
		return []Event{{Kind: Stale, Lost: n, At: s.at}}
	}
	return nil
}
