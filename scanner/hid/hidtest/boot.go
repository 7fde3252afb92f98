package hidtest

import "strings"

// Boot is the report descriptor of a keyboard, of HID 1.11, appendix B.1, with its lamps.
var Boot = []byte{0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x05, 0x07, 0x19, 0xE0, 0x29, 0xE7, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x01,
	0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x01,
	0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, 0xC0}

// Of the HID usage tables, page 7, and the first byte of a boot report.
const (
	ctrl       = 0x01
	shift      = 0x02
	UsageEnter = 0x28
)

// bare and shifted are the marks of a US keyboard, from usage 0x2C on.
const (
	bare    = " -=[]\\\x00;'`,./"
	shifted = "\x00_+{}|\x00:\"~<>?"
	above   = ")!@#$%^&*("
)

// Stroke is the key that types c on a US keyboard: the modifiers held, and the usage. ok is false for what has no key.
func Stroke(c byte) (modifiers, usage byte, ok bool) {
	digit := func(c byte) byte { return 0x1E + (c-'0'+9)%10 }
	switch {
	case c == '\r':
		return 0, UsageEnter, true
	case c == 0x1D: // GS
		return ctrl, 0x30, true
	case c >= '0' && c <= '9':
		return 0, digit(c), true
	case c >= 'a' && c <= 'z':
		return 0, 0x04 + c - 'a', true
	case c >= 'A' && c <= 'Z':
		return shift, 0x04 + c - 'A', true
	}
	if c < ' ' {
		return 0, 0, false
	}
	if i := strings.IndexByte(bare, c); i >= 0 {
		return 0, 0x2C + byte(i), true
	}
	if i := strings.IndexByte(shifted, c); i >= 0 {
		return shift, 0x2C + byte(i), true
	}
	if i := strings.IndexByte(above, c); i >= 0 {
		return shift, digit('0' + byte(i)), true
	}
	return 0, 0, false
}

// Press is the report of one key of a Boot keyboard going down; Release of all being up.
func Press(modifiers, usage byte) []byte { return []byte{modifiers, 0, usage, 0, 0, 0, 0, 0} }

// Release is the report of no key.
func Release() []byte { return make([]byte, 8) }
