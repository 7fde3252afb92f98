package logbook

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// What is what happened.
type What string

const (
	Started   What = "started"   // the agent began; Detail is its version
	Connected What = "connected" // the scanner was opened
	Gone      What = "gone"      // unplugged or switched off
	Fault     What = "fault"     // there, but cannot be used: Detail says why
	Code      What = "code"      // a whole code; on the disk if Seq is set
	NoRead    What = "no_read"   // the scanner saw no code
	Partial   What = "partial"   // bytes without a beginning, dropped
	Stale     What = "stale"     // bytes without an end, dropped
	Damaged   What = "damaged"   // something within was lost on the way, dropped: Detail says what
	Overflow  What = "overflow"  // longer than any code
	Dropped   What = "dropped"   // Bytes entries are missing here: the disk was too slow for them
)

// Entry is one line.
type Entry struct {
	At     time.Time `json:"at"`
	What   What      `json:"what"`
	Seq    uint64    `json:"seq,omitempty"`   // of the scan in the journal
	Code   string    `json:"code,omitempty"`  // as a Go string without its quotes: every byte can be told
	Bytes  int       `json:"bytes,omitempty"` // of the code, or dropped
	Flags  []string  `json:"flags,omitempty"` // of the scan
	Detail string    `json:"detail,omitempty"`
}

// longestCode is how much of a code is kept: a GS1 message with several elements fits.
const longestCode = 256

// Bytes renders a scanner's bytes for Entry.Code.
func Bytes(b []byte) string {
	if len(b) > longestCode {
		cut := longestCode
		for cut > longestCode-utf8.UTFMax && !utf8.RuneStart(b[cut]) {
			cut--
		}
		b = append(b[:cut:cut], "…"...)
	}
	quoted := strconv.Quote(string(b))
	return quoted[1 : len(quoted)-1]
}
