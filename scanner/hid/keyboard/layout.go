package keyboard

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// level is which of a key's characters is meant.
type level int

const (
	plain level = iota
	shift
	altgr
	levels
)

// place is one character of a keyboard.
type place struct {
	code uint16
	at   level
}

// table is a layout as it is written down.
type table struct {
	plain, shift, altgr [4]string // by row; altgr is empty where the right Alt is an Alt
	dead                []place   // accents that wait for the letter after them
	point               rune      // of the keypad
}

// layout says what the keys of one country's keyboard mean.
type layout struct {
	chars map[uint16][levels]rune
	us    map[uint16][levels]rune // what the keys are called when Ctrl is held
	dead  map[place]bool
	altgr bool // the right Alt, or Ctrl with Alt, shows the third level
}

// Layouts names the layouts of this build.
func Layouts() []string { return slices.Sorted(maps.Keys(tables)) }

func newLayout(name string, dead bool) (*layout, error) {
	t, ok := tables[name]
	if !ok {
		return nil, fmt.Errorf("layout=%q: want one of %s; it is the country that the scanner is set to, not the computer", name, strings.Join(Layouts(), ", "))
	}
	l := &layout{chars: t.chars(), us: tables["us"].chars(), dead: map[place]bool{}, altgr: t.altgr != [4]string{}}
	if dead {
		for _, p := range t.dead {
			l.dead[p] = true
		}
	}
	return l, nil
}

// chars gives the characters of each key. 0 is none.
func (t table) chars() map[uint16][levels]rune {
	out := map[uint16][levels]rune{}
	for at, text := range [levels][4]string{t.plain, t.shift, t.altgr} {
		for row, keys := range rows {
			chars := []rune(text[row])
			for i, code := range keys {
				if len(chars) > 0 && chars[i] != none {
					c := out[code]
					c[at] = chars[i]
					out[code] = c
				}
			}
		}
	}
	same := func(code uint16, c rune) { out[code] = [levels]rune{c, c, c} }
	for i, c := range keypad {
		same(keyKP7+uint16(i), c)
	}
	same(keyKPDot, t.point)
	same(keyKPSlash, '/')
	same(keyKPAsterisk, '*')
	same(keySpace, ' ')
	return out
}

// letter reports whether Caps Lock acts on the key.
func (l *layout) letter(code uint16) bool {
	c := l.chars[code]
	return unicode.IsLetter(c[plain]) && unicode.ToUpper(c[plain]) == c[shift]
}

// control gives the control character of Ctrl and a key: Ctrl+] is GS. Scanners name the key by its place on a US keyboard where the country's own has no
// such character there.
func (l *layout) control(code uint16, at level) (byte, bool) {
	us := l.us[code]
	for _, c := range []rune{l.chars[code][at], l.chars[code][shift], us[at], us[shift]} {
		if c >= 'a' && c <= 'z' || c >= '@' && c <= '_' {
			return byte(c) & 0x1f, true
		}
	}
	return 0, false
}

// compose puts an accent on a letter. What cannot carry it comes after it, as on Windows; a space brings the accent alone.
func compose(accent, c rune) string {
	if c == ' ' {
		return string(accent)
	}
	pairs := []rune(composed[accent])
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == c {
			return string(pairs[i+1])
		}
	}
	return string([]rune{accent, c})
}
