package frame

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// packet is an SSI packet of the scanner.
func packet(op, status byte, data ...byte) string { return sent(op, 0, status, data...) }

func sent(op, source, status byte, data ...byte) string {
	b := append([]byte{byte(4 + len(data)), op, source, status}, data...)
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	sum = (0x10000 - sum) & 0xffff
	return string(b) + string([]byte{byte(sum >> 8), byte(sum)})
}

func decode(status byte, kind byte, text string) string {
	return packet(0xF3, status, append([]byte{kind}, text...)...)
}

func TestSSIChecksum(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{sent(0xD0, 4, 0): "\x04\xd0\x04\x00\xff\x28", sent(0xE6, 4, 0, 0): "\x05\xe6\x04\x00\x00\xff\x11"} {
		if text != want {
			t.Errorf("% x, want % x", text, want)
		}
	}
}

func TestSSI(t *testing.T) {
	t.Parallel()
	const again, more = 1, 2
	damaged := func(p string) string { return p[:6] + "\xee" + p[7:] }
	ean, second := decode(0, 0x0B, "6901234567892"), decode(again, 0x0B, "6901234567892")
	for _, tc := range []struct {
		name, query string
		steps       []step
		want        string
	}{
		{"a code", "", []step{{0, ean}}, `complete "6901234567892" ]E0`},
		{"byte by byte", "", bytewise(ean), `complete "6901234567892" ]E0`},
		{"two in one write", "", []step{{0, ean + decode(0, 3, "A")}}, `complete "6901234567892" ]E0; complete "A" ]C0`},
		{"the same code twice is two codes", "", []step{{0, ean}, {time.Second, ean}}, `complete "6901234567892" ]E0; complete "6901234567892" ]E0`},
		{"kind of barcode in doubt", "", []step{{0, decode(0, 0x1B, "]d201069")}}, `complete "]d201069"`},
		{"its own identifier is in the data", "", []step{{0, decode(0, 3, "]C110L")}}, `complete "]C110L"`},
		{"a suffix that packets need not", "", []step{{0, decode(0, 3, "A\r\n")}, {ms, decode(0, 3, "B\r")}}, `complete "A" ]C0; complete "B" ]C0`},
		{"a suffix that is none here", "suffix=none", []step{{0, decode(0, 3, "A\r")}}, `complete "A\r" ]C0`},
		{"any byte", "", []step{{0, decode(0, 3, "\x00\x02\x03\x0d\xff\x0aA")}}, `complete "\x00\x02\x03\r\xff\nA" ]C0`},
		{"the scanner's own answers", "", []step{{0, packet(0xD0, 0) + packet(0xD1, 0, 1) + ean}}, `complete "6901234567892" ]E0`},
		{"an echo of ours", "", []step{{0, sent(0xE6, 4, 0, 0) + sent(0xF3, 4, 0, 3, 'A')}}, ``},
		{"an event wants an answer", "", []step{{0, packet(0xF6, 0, 0x03)}}, `packet`},
		{"decode data without a kind", "", []step{{0, packet(0xF3, 0)}}, `packet`},
		{"nothing read", "", []step{{0, decode(0, 3, "NoRead")}, {ms, decode(0, 3, "")}}, `no_read "NoRead" ]C0; no_read "" ]C0`},

		{"sent once more for want of an answer", "", []step{{0, ean}, {2 * time.Second, second}, {4 * time.Second, second}},
			`complete "6901234567892" ]E0; complete "6901234567892" ]E0 repeat; complete "6901234567892" ]E0 repeat`},
		{"sent once more, the first never came", "", []step{{0, second}}, `complete "6901234567892" ]E0`},
		{"once more after another code", "", []step{{0, ean}, {ms, decode(0, 3, "A")}, {2 * time.Second, second}}, `complete "6901234567892" ]E0; complete "A" ]C0; complete "6901234567892" ]E0`},
		{"once more much later is another reading", "", []step{{0, ean}, {40 * time.Second, second}}, `complete "6901234567892" ]E0; complete "6901234567892" ]E0`},

		{"damaged, asked for again", "", []step{{0, damaged(ean)}, {200 * ms, ""}, {210 * ms, second}}, `broken 20; complete "6901234567892" ]E0`},
		{"damaged, timer late", "", []step{{0, damaged(ean)}, {900 * ms, second}}, `broken 20; complete "6901234567892" ]E0`},
		{"cut off", "", []step{{0, ean[:9]}, {200 * ms, ""}, {300 * ms, second}}, `broken 9; complete "6901234567892" ]E0`},
		{"no packet begins so", "", []step{{0, "\r\n6901234567892\r\n"}, {300 * ms, ""}, {400 * ms, ean}}, `broken 17; complete "6901234567892" ]E0`},
		{"length damaged, longer", "", []step{{0, "\x7f" + ean[1:]}, {300 * ms, ""}, {400 * ms, second}}, `broken 20; complete "6901234567892" ]E0`},
		{"length damaged, shorter", "", []step{{0, "\x05" + ean[1:]}, {300 * ms, ""}, {400 * ms, second}}, `broken 20; complete "6901234567892" ]E0`},
		{"opened in the middle", "", []step{{0, ean[7:]}, {300 * ms, ""}, {400 * ms, second}}, `broken 13; complete "6901234567892" ]E0`},
		{"the next identical piece, its first packet damaged", "", []step{{0, ean}, {time.Second, damaged(ean)}, {1300 * ms, second}},
			`complete "6901234567892" ]E0; broken 20; complete "6901234567892" ]E0`},
		{"a repetition damaged on its way", "", []step{{0, ean}, {2 * time.Second, damaged(second)}, {2300 * ms, second}},
			`complete "6901234567892" ]E0; broken 20; complete "6901234567892" ]E0 repeat`},

		{"a longer code", "", []step{{0, decode(more, 0x11, "one ")}, {ms, decode(more, 0x11, "two ")}, {2 * ms, decode(0, 0x11, "three")}}, `packet; packet; complete "one two three" ]L0`},
		{"a part sent once more", "", []step{{0, decode(more, 0x11, "one ")}, {2 * time.Second, decode(more|again, 0x11, "one ")}, {3 * time.Second, decode(0, 0x11, "two")}},
			`packet; packet; complete "one two" ]L0`},
		{"the last part sent once more", "", []step{{0, decode(more, 0x11, "one ")}, {ms, decode(0, 0x11, "two")}, {2 * time.Second, decode(again, 0x11, "two")}},
			`packet; complete "one two" ]L0; complete "one two" ]L0 repeat`},
		{"a part damaged", "", []step{{0, decode(more, 0x11, "one ")}, {ms, damaged(decode(0, 0x11, "two"))}, {300 * ms, decode(again, 0x11, "two")}}, `packet; broken 10; complete "one two" ]L0`},
		{"equal parts", "", []step{{0, decode(more, 0x11, "A")}, {ms, decode(more, 0x11, "A")}, {2 * ms, decode(0, 0x11, "A")}}, `packet; packet; complete "AAA" ]L0`},
		{"given up by the scanner", "", []step{{0, decode(more, 0x11, "one ")}, {ms, damaged(decode(0, 0x11, "two"))}, {5 * time.Second, ean}}, `packet; broken 10; stale 4; complete "6901234567892" ]E0`},
		{"the rest never comes", "", []step{{0, decode(more, 0x11, "one ")}, {34 * time.Second, ""}, {35 * time.Second, ""}, {36 * time.Second, ean}}, `packet; stale 4; complete "6901234567892" ]E0`},
		{"longer than the cap", "max=16", []step{{0, decode(more, 0x11, "0123456789")}, {ms, decode(0, 0x11, "abcdefghij")}, {2 * ms, decode(0, 3, "B")}},
			`packet; overflow "0123456789abcdef" ]L0; complete "B" ]C0`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := play(NewDecoder(profile(t, "protocol=ssi&"+tc.query), 0), tc.steps); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func bytewise(s string) (out []step) {
	for i := range len(s) {
		out = append(out, step{time.Duration(i) * ms, s[i : i+1]})
	}
	return out
}

func TestSSIHangup(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		data string
		lost int
	}{{"", 0}, {decode(0, 3, "A"), 0}, {decode(2, 3, "AB"), 2}, {decode(2, 3, "AB") + "\x09\xf3", 4}, {"\x01\x02", 2}} {
		f := NewDecoder(profile(t, "protocol=ssi"), 0)
		f.Write([]byte(tc.data), 0)
		lost := 0
		for _, e := range f.Hangup() {
			lost += e.Lost
		}
		if lost != tc.lost {
			t.Errorf("%q: %d bytes lost, want %d", tc.data, lost, tc.lost)
		}
	}
}

// A scanner that sends each packet until it is acknowledged, over a line that damages packets and loses answers, brings every code exactly once.
func TestSSIProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := NewDecoder(profileOf("protocol=ssi"), 0)
		now := time.Duration(0)
		var want, got []string
		for range rapid.IntRange(1, 8).Draw(t, "codes") {
			text := rapid.StringMatching(`[A-C]{1,3}`).Draw(t, "code")
			want = append(want, text)
			for i := range len(text) {
				more := byte(2)
				if i == len(text)-1 {
					more = 0
				}
				for try := byte(0); ; try = 1 {
					now += 2 * time.Second
					p := []byte(decode(try|more, 0x11, text[i:i+1]))
					fate := rapid.SampledFrom([]string{"arrives", "arrives", "damaged", "answer lost"}).Draw(t, "fate")
					if fate == "damaged" {
						p[5] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit") // the text; the header says whether it was sent before
					}
					events := f.Write(p, now)
					events = append(events, f.Write(nil, now+time.Second)...)
					if len(events) != 1 {
						t.Fatalf("%q gave %v", p, events)
					}
					e := events[0]
					if (e.Kind == Broken) != (fate == "damaged") {
						t.Fatalf("%s: %v", fate, e)
					}
					if e.Kind == Complete && !e.Repeat {
						got = append(got, string(e.Data))
					}
					if fate == "arrives" {
						break
					}
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func profileOf(query string) Profile {
	q, err := url.ParseQuery(query)
	if err != nil {
		panic(err)
	}
	p, err := FromQuery(q, Default())
	if err != nil {
		panic(err)
	}
	return p
}

// FuzzSSI cuts the same bytes in two ways: how reads are cut does not matter; no event is above the cap; a code is made of bytes that came; the packet that
// follows a silence is always taken.
func FuzzSSI(f *testing.F) {
	f.Add([]byte(decode(0, 0x0B, "6901234567892")+decode(1, 0x0B, "6901234567892")), uint8(3))
	f.Add([]byte(decode(2, 0x11, "one ")+decode(2, 0x11, "one ")+decode(0, 0x11, "two")+packet(0xF6, 0, 3)), uint8(1))
	f.Add([]byte("\x05\xf3\x00\x00\x03\xff\x05\x04\xd0\x00\x00\xff\x2c\x7f"), uint8(5))
	f.Fuzz(func(t *testing.T, b []byte, cut uint8) {
		p := Default()
		p.Protocol, p.Max = SSI, 16
		whole := &ssi{p: p}
		f := NewDecoder(p, 0)
		events := whole.Write(b, 0)
		var parts []Event
		for rest := b; len(rest) > 0; {
			n := min(int(cut%7)+1, len(rest))
			parts = append(parts, f.Write(rest[:n], 0)...)
			rest = rest[n:]
		}
		if a, b := fmt.Sprint(events), fmt.Sprint(parts); a != b {
			t.Fatalf("cut differently:\n%s\n%s", a, b)
		}
		for _, e := range events {
			if len(e.Data) > p.Max || e.Kind == Complete && len(e.Data) == 0 || e.Lost < 0 {
				t.Fatalf("%+v", e)
			}
			if e.Kind == Complete && len(e.Data) > 0 && !bytes.Contains(b, e.Data[:1]) {
				t.Fatalf("%q is not of the input", e.Data)
			}
		}
		if len(whole.buf) > 257 || len(whole.message) > p.Max {
			t.Fatalf("the framer holds %d and %d bytes", len(whole.buf), len(whole.message))
		}
		later := whole.Write([]byte(decode(0, 3, "Z")), time.Minute)
		if len(later) == 0 || later[len(later)-1].Kind != Complete || string(later[len(later)-1].Data) != "Z" {
			t.Fatalf("after a silence a packet gave %v", later)
		}
	})
}
