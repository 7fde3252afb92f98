package keyboard

import (
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/frame"
)

// typing writes input events as the kernel would.
type typing struct {
	b    []byte
	size int
}

func events() *typing { return &typing{size: 24} }

func (k *typing) event(kind, code uint16, value int32) *typing {
	e := make([]byte, k.size)
	for i := range k.size - 8 {
		e[i] = 0xa5 // a time: it must not matter
	}
	binary.LittleEndian.PutUint16(e[k.size-8:], kind)
	binary.LittleEndian.PutUint16(e[k.size-6:], code)
	binary.LittleEndian.PutUint32(e[k.size-4:], uint32(value))
	k.b = append(k.b, e...)
	return k
}

func (k *typing) syn() *typing { return k.event(evSyn, synReport, 0) }

// down and up are one key of one report, with the scan code that the kernel puts before it.
func (k *typing) down(code uint16) *typing {
	return k.event(4, 4, int32(code)).event(evKey, code, pressed).syn()
}
func (k *typing) up(code uint16) *typing {
	return k.event(4, 4, int32(code)).event(evKey, code, released).syn()
}
func (k *typing) tap(codes ...uint16) *typing {
	for _, c := range codes {
		k.down(c).up(c)
	}
	return k
}

// with types keys while another is held.
func (k *typing) with(held uint16, codes ...uint16) *typing {
	return k.down(held).tap(codes...).up(held)
}

func (k *typing) dropped() *typing { return k.event(evSyn, synDropped, 0) }

var digitKeys = map[rune]uint16{'1': 2, '2': 3, '3': 4, '4': 5, '5': 6, '6': 7, '7': 8, '8': 9, '9': 10, '0': 11}

// digits types a number on the top row, as on a US keyboard.
func (k *typing) digits(s string) *typing {
	for _, c := range s {
		k.tap(digitKeys[c])
	}
	return k
}

// pad types a number on the keypad.
func (k *typing) pad(s string) *typing {
	for _, c := range s {
		k.tap(keyKP7 + uint16(strings.IndexRune(keypad, c)))
	}
	return k
}

func (k *typing) enter() *typing { return k.tap(keyEnter) }

func settings(t *testing.T, query string) (Settings, frame.Profile) {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	s, err := FromQuery(q, Default())
	if err != nil {
		t.Fatal(err)
	}
	base := frame.Default()
	base.KeepFirst = true
	p, err := frame.FromQuery(q, base)
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

// render writes events for comparison.
func render(events []frame.Event) string {
	var out []string
	for _, e := range events {
		switch e.Kind {
		case frame.Complete, frame.NoRead, frame.Overflow:
			out = append(out, fmt.Sprintf("%s %q", e.Kind, e.Data))
		default:
			why, _, _ := strings.Cut(e.Why, ":")
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %d %s", e.Kind, e.Lost, why)))
		}
	}
	return strings.Join(out, "; ")
}

const ms = time.Millisecond
