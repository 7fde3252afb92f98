package keyboard

import (
	"fmt"
	"testing"

	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid/hidtest"
)

// FuzzDecoder feeds any bytes as events: it never panics, how reads are cut does not matter, and a loss is never part of an accepted code: what is accepted
// from the bytes with a loss before them is the same or less.
func FuzzDecoder(f *testing.F) {
	f.Add(hidtest.Typing().Digits("6901").Enter().Dropped().Syn().Digits("1").Enter().B, uint8(24), uint8(0))
	f.Add(hidtest.Typing().Down(keyLeftAlt).Pad("065").Up(keyLeftAlt).With(keyLeftCtrl, 27).Tap(keyGrave, keySpace).Enter().B, uint8(5), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, cut, mode uint8) {
		s := Default()
		s.Layout = Layouts()[int(mode)%len(tables)]
		s.Alt = []Alt{AltByte, AltUnicode, AltGBK}[int(mode/4)%3]
		s.Event = []int{16, 24}[mode/16%2]
		p := frame.Default()
		p.KeepFirst = mode&32 != 0
		p.Max = 64
		whole := New(s, p, 0).Write(b, 0)
		d := New(s, p, 0)
		var parts []frame.Event
		for rest := b; len(rest) > 0; {
			n := min(int(cut)+1, len(rest))
			parts = append(parts, d.Write(rest[:n], 0)...)
			rest = rest[n:]
		}
		if a, b := fmt.Sprint(whole), fmt.Sprint(parts); a != b {
			t.Fatalf("cut differently:\n%s\n%s", a, b)
		}
		for _, e := range whole {
			if (e.Kind == frame.Complete || e.Kind == frame.NoRead) != (len(e.Data) > 0) && e.Kind != frame.Overflow {
				t.Fatalf("%+v", e)
			}
		}
		if len(d.rest) >= s.Event || len(d.digits) > maxAlt || len(d.held) > 6 {
			t.Fatalf("the decoder holds %d bytes, %d digits, %d modifiers", len(d.rest), len(d.digits), len(d.held))
		}
		loss := (&hidtest.Keys{Size: s.Event}).Dropped().Syn().B
		after := New(s, p, 0).Write(append(loss, b...), 0)
		if n := len(after); n > 0 && after[0].Kind != frame.Damaged {
			t.Fatalf("the first event after a loss is %+v", after[0])
		}
		if accepted(after) > accepted(whole) {
			t.Fatalf("a loss made codes: %v, without it %v", after, whole)
		}
	})
}

func accepted(events []frame.Event) (n int) {
	for _, e := range events {
		if e.Kind == frame.Complete {
			n++
		}
	}
	return n
}
