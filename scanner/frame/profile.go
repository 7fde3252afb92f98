package frame

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Suffix is what a scanner sends after each code.
type Suffix string

const (
	CR   Suffix = "cr" // also takes CRLF and a doubled CR
	LF   Suffix = "lf" // also takes CRLF
	CRLF Suffix = "crlf"
	TAB  Suffix = "tab"
	ETX  Suffix = "etx"
	None Suffix = "none" // silence ends a frame; every frame is marked idle
)

// Protocol is how a scanner sends.
type Protocol string

const (
	Lines Protocol = "lines" // codes with a suffix, or ended by silence
	SSI   Protocol = "ssi"   // Zebra's packets
)

const (
	// DefaultMax is the longest frame: twice what a DataMatrix holds, and more than a QR's 7,089 digits.
	DefaultMax = 8 << 10
	// DefaultIdle ends a frame of a scanner without suffix. Bytes of one code come at most 17 ms apart at 600 baud or through a wedge.
	DefaultIdle = 80 * time.Millisecond
	// DefaultStale is how long bytes may wait for their terminator before they count as cut off.
	DefaultStale = 2 * time.Second
)

// Profile says how one scanner delimits its codes. The zero value is not valid; start from Default.
type Profile struct {
	Protocol Protocol
	Suffix   Suffix
	// STX: every frame begins with STX (0x02). The surest setting: a tail cannot pass for a code, and a code may hold line ends.
	STX bool
	// IdleAfter ends an unterminated frame after this much silence and marks it. Zero: only the terminator ends a frame.
	// With a suffix it is for scanners that sometimes lose it; then a stall within a code can cut it in two, so it is off by default.
	IdleAfter time.Duration
	// StaleAfter drops an unterminated frame after this much silence.
	StaleAfter time.Duration
	// Max is the frame cap in bytes.
	Max int
	// KeepFirst accepts the first frame after opening. Only for sources that cannot begin in the middle of a code, such as a file.
	KeepFirst bool
	// NoRead are the texts a scanner sends when it was triggered and found no code.
	NoRead []string
}

// Default is a scanner that ends each code with CR or CRLF.
func Default() Profile {
	return Profile{Protocol: Lines, Suffix: CR, StaleAfter: DefaultStale, Max: DefaultMax, NoRead: []string{"NOREAD", "NO READ", "?"}}
}

// FromQuery reads a profile from the parameters of a scanner URL: protocol, suffix, stx, idle, stale, max, first=keep, noread (repeatable). Parameters it does
// not know are left to others. base gives the values that are not set.
func FromQuery(q url.Values, base Profile) (Profile, error) {
	p := base
	if s := q.Get("protocol"); s != "" {
		p.Protocol = Protocol(strings.ToLower(s))
	}
	if s := q.Get("suffix"); s != "" {
		p.Suffix = Suffix(strings.ToLower(s))
	}
	var err error
	if s := q.Get("stx"); s != "" {
		if p.STX, err = strconv.ParseBool(s); err != nil {
			return Profile{}, fmt.Errorf("stx=%q: want 1 or 0", s)
		}
	}
	for name, d := range map[string]*time.Duration{"idle": &p.IdleAfter, "stale": &p.StaleAfter} {
		if s := q.Get(name); s != "" {
			if *d, err = time.ParseDuration(s); err != nil {
				return Profile{}, fmt.Errorf("%s=%q: want a duration such as 80ms", name, s)
			}
		}
	}
	if s := q.Get("max"); s != "" {
		if p.Max, err = strconv.Atoi(s); err != nil {
			return Profile{}, fmt.Errorf("max=%q: want a number of bytes", s)
		}
	}
	switch s := q.Get("first"); s {
	case "":
	case "keep", "drop":
		p.KeepFirst = s == "keep"
	default:
		return Profile{}, fmt.Errorf("first=%q: want keep or drop", s)
	}
	if s := q["noread"]; len(s) > 0 {
		p.NoRead = s
	}
	if p.Suffix == None && p.IdleAfter == 0 {
		p.IdleAfter = DefaultIdle
	}
	return p, p.Valid()
}

// Valid reports what is wrong with the profile.
func (p Profile) Valid() error {
	if p.Protocol != Lines && p.Protocol != SSI {
		return fmt.Errorf("protocol=%q: want lines or ssi", p.Protocol)
	}
	switch p.Suffix {
	case CR, LF, CRLF, TAB, ETX:
	case None:
		if p.IdleAfter <= 0 {
			return fmt.Errorf("suffix=none needs idle, such as idle=80ms")
		}
	default:
		return fmt.Errorf("suffix=%q: want cr, lf, crlf, tab, etx or none", p.Suffix)
	}
	if p.IdleAfter != 0 && (p.IdleAfter < 20*time.Millisecond || p.IdleAfter > time.Second) {
		return fmt.Errorf("idle=%v: want 20ms to 1s; 50ms to 100ms is usual", p.IdleAfter)
	}
	if p.StaleAfter < 100*time.Millisecond {
		return fmt.Errorf("stale=%v: want at least 100ms", p.StaleAfter)
	}
	if p.Max < 16 || p.Max > DefaultMax {
		return fmt.Errorf("max=%d: want 16 to %d bytes", p.Max, DefaultMax)
	}
	return nil
}

// Kind is Complete, or NoRead for a text that stands for a trigger pull without a code.
func (p Profile) Kind(data []byte) Kind {
	for _, s := range p.NoRead {
		if strings.EqualFold(string(data), s) {
			return NoRead
		}
	}
	return Complete
}
