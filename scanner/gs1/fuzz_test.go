package gs1

import (
	"errors"
	"reflect"
	"testing"
)

// What Parse takes can be written again and read the same; every way of an ambiguous text is one whose own text has the same characters.
func FuzzElements(f *testing.F) {
	for _, s := range []string{"010690123456789221A1\x1d10L", "0106901234567892112601011526010110L7", "00106141412345678908", "010690123456789221A1B21726123110L-7",
		"\x1d8110012345612345611110123", "(01)06901234567892(21)a(10)b", `(21)\(10)x`, "37121234\x1d42112345", "8008260101\x1d", "91x\x1d\x1d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 3<<10 {
			return
		}
		list, err := Parse(s)
		r := (*Refusal)(nil)
		switch {
		case err == nil:
			again, err := Parse(Format(list))
			if err != nil && (!errors.As(err, &r) || r.Reason != Ambiguous) || err == nil && !reflect.DeepEqual(again, list) {
				t.Fatalf("%q gave %v, and that %v, %v", s, list, again, err)
			}
		case !errors.As(err, &r):
			t.Fatalf("%q: %T", s, err)
		case r.At < 0 || r.At > len(s):
			t.Fatalf("%q: refused at %d", s, r.At)
		case (r.Reason == Ambiguous) != (len(r.Ways) > 0) || len(r.Ways) > maxWays:
			t.Fatalf("%q: %+v", s, r)
		}
		if r != nil {
			front := len(Format(r.Front))
			for _, w := range r.Ways {
				text := ""
				for _, e := range w.Elements {
					if why := dictionary()[e.AI].refuses(e.Value); why != "" {
						t.Fatalf("%q: way %+v is refused itself: %s", s, w, why)
					}
					text += e.AI + e.Value
				}
				if len(text)+front > len(s)+len(r.Front) {
					t.Fatalf("%q: way %+v is longer than the text", s, w)
				}
			}
		}
		if list, err := ParseBracketed(s); err == nil {
			if again, err := ParseBracketed(Bracketed(list)); err != nil || !reflect.DeepEqual(again, list) {
				t.Fatalf("%q gave %v, and that %v, %v", s, list, again, err)
			}
		}
		Check(list)
	})
}

func FuzzLink(f *testing.F) {
	for _, s := range []string{"https://id.gs1.org/01/06901234567892/22/A/10/L/21/S%2F1?17=261231&linkType=all#x", "http://a/01/6901234567892", "HTTPS://x.cn/8004/9520614141234567?01=09521234543213",
		"https://a/414/9520123456788/254/32a%2Fb", "https://a/01/hello", "https://a/b?q=01/06901234567892", "https://a/8006/095201234567880102/21/x?3103=000500&&99=a+b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 3<<10 {
			return
		}
		list, err := ParseLink(s)
		if err != nil {
			r := (*Refusal)(nil)
			if !errors.As(err, &r) || r.At < 0 || r.At > len(s) || r.Reason == "" {
				t.Fatalf("%q: %#v", s, err)
			}
			return
		}
		key := dictionary()[list[0].AI]
		if !key.key {
			t.Fatalf("%q begins with %v", s, list[0])
		}
		n := 1
		for n < len(list) && key.qualifies(list[1:n+1]) {
			n++
		}
		again, err := ParseLink(write("https://x", list[:n], list[n:]))
		if err != nil || !reflect.DeepEqual(again, list) {
			t.Fatalf("%q gave %v, and that %v, %v", s, list, again, err)
		}
	})
}
