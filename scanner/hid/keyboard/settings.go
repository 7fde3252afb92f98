package keyboard

import (
	"fmt"
	"net/url"
	"strconv"
	"unicode/utf8"
)

// Alt says what a number means that a scanner types on the keypad with Alt held.
type Alt string

const (
	AltByte    Alt = "byte"    // a byte of the code, 0 to 255
	AltUnicode Alt = "unicode" // a character's number in Unicode
	AltGBK     Alt = "gbk"     // bytes of GB18030 as one number
)

// Settings say how a scanner types.
type Settings struct {
	Layout string // one of Layouts
	Alt    Alt
	Dead   bool // accents wait for the next key, as on the country's keyboards
	Caps   bool // Caps Lock is on when the device is opened
	Event  int  // bytes of one input_event: 24, or 16 on a 32-bit machine
}

// Default is a scanner set to the USA, on a 64-bit machine.
func Default() Settings { return Settings{Layout: "us", Alt: AltByte, Dead: true, Event: 24} }

// FromQuery reads layout, alt, dead, caps and event. Parameters it does not know are left to others. base gives the values that are not set.
func FromQuery(q url.Values, base Settings) (Settings, error) {
	s := base
	if v := q.Get("layout"); v != "" {
		s.Layout = v
	}
	if v := q.Get("alt"); v != "" {
		s.Alt = Alt(v)
	}
	var err error
	for name, into := range map[string]*bool{"dead": &s.Dead, "caps": &s.Caps} {
		if v := q.Get(name); v != "" {
			if *into, err = strconv.ParseBool(v); err != nil {
				return Settings{}, fmt.Errorf("%s=%q: want 1 or 0", name, v)
			}
		}
	}
	if v := q.Get("event"); v != "" {
		if s.Event, err = strconv.Atoi(v); err != nil {
			return Settings{}, fmt.Errorf("event=%q: want 16 or 24", v)
		}
	}
	return s, s.valid()
}

func (s Settings) valid() error {
	if _, err := newLayout(s.Layout, s.Dead); err != nil {
		return err
	}
	switch s.Alt {
	case AltByte, AltUnicode, AltGBK:
	default:
		return fmt.Errorf("alt=%q: want byte, unicode or gbk", s.Alt)
	}
	if s.Event != 16 && s.Event != 24 {
		return fmt.Errorf("event=%d: want 16 or 24", s.Event)
	}
	return nil
}

// Query writes the settings as FromQuery reads them, all of them.
func (s Settings) Query() url.Values {
	return url.Values{"layout": {s.Layout}, "alt": {string(s.Alt)}, "dead": {flag(s.Dead)}, "caps": {flag(s.Caps)}, "event": {strconv.Itoa(s.Event)}}
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// text gives the bytes that a number typed with Alt stands for. ok is false for a number that stands for none.
func (a Alt) text(digits string) (text []byte, ok bool) {
	n, err := strconv.ParseUint(digits, 10, 32)
	switch {
	case err != nil:
		return nil, false
	case a == AltUnicode:
		return utf8.AppendRune(nil, rune(n)), n <= utf8.MaxRune && utf8.ValidRune(rune(n))
	case n <= 0xff:
		return []byte{byte(n)}, true
	case a == AltGBK && n <= 0xffff:
		return []byte{byte(n >> 8), byte(n)}, true
	case a == AltGBK && n > 0xffffff:
		return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, true
	}
	return nil, false
}
