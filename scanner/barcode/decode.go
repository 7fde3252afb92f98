package barcode

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Charsets of a Text.
const (
	UTF8    = "utf-8"
	GB18030 = "gb18030"
	Binary  = "binary"
)

// MaxText is the longest Data in bytes; a longer rendering is cut (the raw bytes stay whole). Only binary comes near it.
const MaxText = 16 << 10

// Text is a frame made readable.
type Text struct {
	Data      string // valid UTF-8 without AIM and ECI prefix
	Charset   string // utf-8, gb18030 or binary
	Symbology string // AIM identifier such as "]E0", empty when the scanner sends none
	NotText   bool   // no text in any charset, or it holds NUL: Data is a printable rendering
}

// Decode makes a frame readable. It never fails: what is no text is rendered and marked.
func Decode(raw []byte) Text {
	symbology, rest := cutAIM(raw)
	return decode(rest, symbology)
}

// DecodeAs does so for a scanner that tells the symbology apart from the data. Without one it is Decode. A prefix that says something else is data.
func DecodeAs(raw []byte, symbology string) Text {
	if told, rest := cutAIM(raw); symbology == "" || told == symbology {
		return decode(rest, told)
	}
	return decode(raw, symbology)
}

func decode(raw []byte, symbology string) Text {
	t := Text{Symbology: symbology}
	if eciProtocol(symbology) {
		raw = unfoldECI(raw)
	} else {
		raw = cutECI(raw)
	}
	switch {
	case bytes.IndexByte(raw, 0) >= 0:
		t.Charset, t.NotText = Binary, true
	case utf8.Valid(raw):
		t.Data, t.Charset = string(raw), UTF8
	default:
		if s, ok := fromGB18030(raw); ok {
			t.Data, t.Charset = s, GB18030
		} else {
			t.Charset, t.NotText = Binary, true
		}
	}
	if t.NotText {
		t.Data = render(raw)
	}
	return t
}

// cutAIM takes the AIM identifier off: "]", a letter, a modifier. A code that itself begins with "]" is so rare that ISO/IEC 15424 takes the same risk.
func cutAIM(raw []byte) (string, []byte) {
	if len(raw) < 3 || raw[0] != ']' || !letter(raw[1]) || !(digit(raw[2]) || letter(raw[2])) {
		return "", raw
	}
	return string(raw[:3]), raw[3:]
}

// cutECI takes a leading ECI designator off: a backslash and six digits, such as \000026 for UTF-8. The charset is told by the bytes themselves: phones
// and label printers set the designator wrongly more often than their bytes are ambiguous.
func cutECI(raw []byte) []byte {
	if designator(raw) {
		return raw[7:]
	}
	return raw
}

func designator(b []byte) bool {
	return len(b) >= 7 && b[0] == '\\' && digits(string(b[1:7]))
}

// eciProtocol reports whether the AIM identifier says that the data follows the ECI protocol: designators may stand anywhere, and a backslash of the code itself
// is sent twice. Sources: ISO/IEC 15424 and the symbologies' own standards (QR, Data Matrix, Aztec, DotCode, PDF417).
func eciProtocol(aim string) bool {
	switch aim {
	case "]Q2", "]Q4", "]Q6", "]d4", "]d5", "]d6", "]z3", "]z4", "]z5", "]J3", "]J4", "]J5", "]L1":
		return true
	}
	return false
}

// unfoldECI takes designators out and halves doubled backslashes.
func unfoldECI(raw []byte) []byte {
	var out []byte
	for len(raw) > 0 {
		switch {
		case designator(raw):
			raw = raw[7:]
			continue
		case len(raw) > 1 && raw[0] == '\\' && raw[1] == '\\':
			raw = raw[1:]
		}
		out, raw = append(out, raw[0]), raw[1:]
	}
	return out
}

func fromGB18030(raw []byte) (string, bool) {
	b, err := simplifiedchinese.GB18030.NewDecoder().Bytes(raw)
	if err != nil || bytes.ContainsRune(b, utf8.RuneError) {
		return "", false
	}
	return string(b), true
}

// render shows bytes: printable ASCII as it is, the rest as \xNN.
func render(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		if b.Len() > MaxText-4 {
			break
		}
		if c >= ' ' && c < 0x7f && c != '\\' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
