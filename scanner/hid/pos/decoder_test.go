package pos

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid/hidtest"
)

const ms = time.Millisecond

func decoder(v hidtest.Device, query string) *Decoder {
	v.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		v.Fatal(err)
	}
	base := frame.Default()
	base.KeepFirst = true
	p, err := frame.FromQuery(q, base)
	if err != nil {
		v.Fatal(err)
	}
	d, err := New(v.Descriptor, p, DefaultPause, 0)
	if err != nil {
		v.Fatal(err)
	}
	return d
}

// step is a read at a time; silence without one.
type step struct {
	at   time.Duration
	read []byte
}

func play(d *Decoder, steps []step) string {
	var out []string
	for _, s := range steps {
		for _, e := range d.Write(s.read, s.at) {
			why, _, _ := strings.Cut(e.Why, ":")
			switch e.Kind {
			case frame.Complete, frame.NoRead, frame.Overflow:
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %q %s", e.Kind, e.Data, e.Symbology)))
			default:
				out = append(out, strings.TrimSpace(fmt.Sprintf("%s %d %s", e.Kind, e.Lost, why)))
			}
		}
	}
	return strings.Join(out, "; ")
}

func TestDecoder(t *testing.T) {
	t.Parallel()
	u := hidtest.New(t, hidtest.Usual)
	fifty6 := strings.Repeat("0123456789", 6)[:56]
	short := u.Report("123", "]E0", false)[:20]
	tooLong := u.Report("123", "]E0", false)
	tooLong[2] = 57
	status := append([]byte{Fresh, 9}, make([]byte, 63)...)
	for _, tc := range []struct {
		name, query string
		steps       []step
		want        string
	}{
		{"one report", "", []step{{0, u.Report("6901234567892", "]E0", false)}}, `complete "6901234567892" ]E0`},
		{"no symbology", "", []step{{0, u.Report("690", "", false)}}, `complete "690"`},
		{"strange symbology", "", []step{{0, u.Report("690", "\x00E0", false)}}, `complete "690"`},
		{"three reports", "", []step{{0, u.Report(fifty6, "]Q1", true)}, {8 * ms, u.Report(fifty6, "]Q1", true)}, {16 * ms, u.Report("end", "]Q1", false)}}, `complete "` + fifty6 + fifty6 + `end" ]Q1`},
		{"symbology only in the first", "", []step{{0, u.Report("a", "]Q1", true)}, {ms, u.Report("b", "", false)}}, `complete "ab" ]Q1`},
		{"any bytes", "", []step{{0, u.Report("01\x1d\x00\xff\xe9", "]d2", false)}}, `complete "01\x1d\x00\xff\xe9" ]d2`},
		{"exactly full", "", []step{{0, u.Report(fifty6, "", false)}}, `complete "` + fifty6 + `"`},
		{"a terminator all the same", "", []step{{0, u.Report("690\r\n", "", false)}}, `complete "690"`},
		{"tab kept where cr is the suffix", "", []step{{0, u.Report("690\t", "", false)}}, `complete "690\t"`},
		{"tab", "suffix=tab", []step{{0, u.Report("690\t", "", false)}}, `complete "690"`},
		{"etx", "suffix=etx", []step{{0, u.Report("690\x03", "", false)}}, `complete "690"`},
		{"no suffix", "suffix=none", []step{{0, u.Report("690\r", "", false)}}, `complete "690\r"`},
		{"empty", "", []step{{0, u.Report("", "", false)}, {ms, u.Report("1", "", false)}}, `complete "1"`},
		{"noread", "", []step{{0, u.Report("NoRead", "", false)}}, `no_read "NoRead"`},
		{"other reports are passed over", "", []step{{0, u.Report("a", "", true)}, {ms, status}, {2 * ms, u.Report("b", "", false)}}, `complete "ab"`},

		{"the end is lost", "", []step{{0, u.Report("abc", "]Q1", true)}, {500 * ms, nil}, {900 * ms, u.Report("x", "]Q1", false)}, {1800 * ms, u.Report("7", "]E0", false)}}, `stale 3; partial 1; complete "7" ]E0`},
		{"the end is lost, timer late", "", []step{{0, u.Report("abc", "]Q1", true)}, {900 * ms, u.Report("x", "]Q1", false)}, {1800 * ms, u.Report("7", "]E0", false)}}, `stale 3; partial 1; complete "7" ]E0`},
		{"a pause within what USB may take", "", []step{{0, u.Report("a", "", true)}, {499 * ms, u.Report("b", "", false)}}, `complete "ab"`},
		{"a report is lost between two codes", "", []step{{0, u.Report("abc", "]Q1", true)}, {ms, u.Report("690", "]E0", false)}, {9 * ms, u.Report("7", "]E0", false)}},
			`damaged 6 the symbology changed within a code; complete "7" ]E0`},
		{"and the second goes on", "", []step{{0, u.Report("abc", "]Q1", true)}, {ms, u.Report("690", "]E0", true)}, {9 * ms, u.Report("7", "]E0", false)}, {20 * ms, u.Report("8", "]E0", false)}},
			`damaged 6 the symbology changed within a code; complete "8" ]E0`},
		{"the queue was full within a code", "", []step{{0, u.Report("a", "", true)}, {ms, hidtest.Full(u.Report("b", "", true))}, {2 * ms, u.Report("d", "", false)}, {3 * ms, u.Report("7", "", false)}},
			`damaged 2 the kernel dropped reports; complete "7"`},
		{"the queue was full between codes", "", []step{{0, u.Report("a", "", true)}, {ms, hidtest.Full(u.Report("b", "", false))}, {2 * ms, u.Report("tail", "", false)}, {3 * ms, u.Report("7", "", false)}},
			`complete "ab"; damaged 0 the kernel dropped reports; complete "7"`},
		{"the queue was full, then silence", "", []step{{0, hidtest.Full(u.Report("a", "", false))}, {600 * ms, u.Report("7", "", true)}, {601 * ms, u.Report("8", "", false)}},
			`complete "a"; damaged 0 the kernel dropped reports; complete "78"`},
		{"the queue stays full", "", []step{{0, hidtest.Full(u.Report("a", "", false))}, {ms, hidtest.Full(u.Report("b", "", false))}, {2 * ms, hidtest.Full(u.Report("c", "", true))}, {3 * ms, u.Report("tail", "", false)}, {4 * ms, u.Report("7", "", false)}},
			`complete "a"; damaged 0 the kernel dropped reports; complete "7"`},
		{"the queue is full again later", "", []step{{0, hidtest.Full(u.Report("a", "", false))}, {ms, u.Report("b", "", false)}, {2 * ms, hidtest.Full(u.Report("c", "", false))}},
			`complete "a"; damaged 0 the kernel dropped reports; complete "c"; damaged 0 the kernel dropped reports`},
		{"a mark on another report", "", []step{{0, u.Report("a", "", true)}, {ms, hidtest.Full(status)}, {2 * ms, u.Report("b", "", false)}, {3 * ms, u.Report("7", "", false)}},
			`damaged 1 the kernel dropped reports; complete "7"`},
		{"length beyond the report", "", []step{{0, tooLong}, {ms, u.Report("7", "", false)}}, `damaged 0 a report says that it holds more bytes than it can; complete "7"`},
		{"short report", "", []step{{0, short}, {ms, u.Report("6", "", false)}, {2 * ms, u.Report("7", "", false)}}, `damaged 0 a report is shorter than the device says; complete "7"`},
		{"short report, then silence", "", []step{{0, short}, {600 * ms, u.Report("7", "", false)}}, `damaged 0 a report is shorter than the device says; complete "7"`},
		{"nothing but an id", "", []step{{0, []byte{Fresh, 2}}, {0, []byte{Fresh}}}, `damaged 0 a report is shorter than the device says`},

		{"first after opening", "first=drop", []step{{ms, u.Report("abc", "", false)}, {9 * ms, u.Report("7", "", false)}}, `partial 3; complete "7"`},
		{"in the middle after opening", "first=drop", []step{{ms, u.Report("abc", "", true)}, {2 * ms, u.Report("d", "", false)}, {9 * ms, u.Report("7", "", false)}}, `partial 4; complete "7"`},
		{"silence after opening", "first=drop", []step{{500 * ms, u.Report("abc", "", false)}}, `complete "abc"`},
		{"a tail without end after opening", "first=drop", []step{{ms, u.Report("abc", "", true)}, {600 * ms, nil}, {700 * ms, u.Report("7", "", false)}}, `partial 3; complete "7"`},

		{"over the cap", "max=16", []step{{0, u.Report("0123456789", "", true)}, {ms, u.Report("0123456789", "", true)}, {2 * ms, u.Report("0123", "", false)}, {3 * ms, u.Report("7", "", false)}},
			`overflow "0123456789012345"; complete "7"`},
		{"over the cap in one report", "max=16", []step{{0, u.Report(fifty6, "", false)}, {3 * ms, u.Report("7", "", false)}}, `overflow "0123456789012345"; complete "7"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := play(decoder(u, tc.query), tc.steps); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// The same code, through whatever layout a device has.
func TestLayouts(t *testing.T) {
	t.Parallel()
	for name, desc := range map[string][]byte{"usual": hidtest.Usual, "odd": hidtest.Odd, "canonical": Canonical} {
		v := hidtest.New(t, desc)
		first, last := v.Report("69012345", "]E0", true), v.Report("67892", "]E0", false)
		if got := play(decoder(v, ""), []step{{0, first}, {ms, last}}); got != `complete "6901234567892" ]E0` {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := play(decoder(hidtest.New(t, hidtest.Bare), ""), []step{{0, []byte("\x00690\x00\x00\x00\x00\x00")}, {ms, []byte("\x0012345678")}}); got != `complete "690"; complete "12345678"` {
		t.Errorf("hidtest.Bare: %s", got)
	}
	if d, err := New(hidtest.New(t, []byte{0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0xC0}).Descriptor, frame.Default(), DefaultPause, 0); err == nil {
		t.Errorf("a keyboard gave %+v", d)
	}
}

// The report as it stands on the wire, byte for byte: the helper above reads the same descriptor as the decoder and would share its mistakes.
func TestUsualReportByteForByte(t *testing.T) {
	t.Parallel()
	report := append([]byte{Fresh, 2, 13, ']', 'E', '0'}, "6901234567892"...)
	report = append(report, make([]byte, 65-len(report))...)
	cont := append([]byte(nil), report...)
	cont[64] = 1
	if got := play(decoder(hidtest.New(t, hidtest.Usual), ""), []step{{0, cont}, {ms, report}}); got != `complete "69012345678926901234567892" ]E0` {
		t.Error(got)
	}
	good, bad := Beeps(hidtest.New(t, hidtest.Usual).Descriptor)
	if string(good) != "\x04\x10" || string(bad) != "\x04\x08" {
		t.Errorf("beeps % x and % x", good, bad)
	}
	if good, bad := Beeps(hidtest.New(t, hidtest.Odd).Descriptor); good != nil || bad != nil {
		t.Errorf("a device without beeps gave % x and % x", good, bad)
	}
}

func TestRepack(t *testing.T) {
	t.Parallel()
	v := hidtest.New(t, Canonical)
	for _, n := range []int{0, 1, 249, 250, 251, 600} {
		d := decoder(v, "")
		want := strings.Repeat("x", n)
		var reads []step
		for _, r := range append(Repack([]byte(want), [3]byte{']', 'Q', '1'}, true), Repack([]byte("end"), [3]byte{']', 'Q', '1'}, false)...) {
			reads = append(reads, step{0, append([]byte{Fresh}, r...)})
		}
		if got := play(d, reads); got != fmt.Sprintf(`complete "%send" ]Q1`, want) {
			t.Errorf("%d bytes: %s", n, got)
		}
	}
}

func TestDeadlineAndHangup(t *testing.T) {
	t.Parallel()
	v := hidtest.New(t, hidtest.Usual)
	d := decoder(v, "")
	if at, ok := d.Deadline(); ok {
		t.Fatalf("a new decoder waits for %v", at)
	}
	if got := d.Hangup(); got != nil {
		t.Fatalf("Hangup of nothing gave %v", got)
	}
	d.Write(v.Report("abc", "", true), 10*ms)
	if at, ok := d.Deadline(); !ok || at != 510*ms {
		t.Fatalf("Deadline = %v, %v", at, ok)
	}
	if got := d.Hangup(); len(got) != 1 || got[0].Kind != frame.Stale || got[0].Lost != 3 {
		t.Fatalf("Hangup gave %+v", got)
	}
	if at, ok := decoder(v, "first=drop").Deadline(); !ok || at != 500*ms {
		t.Fatalf("after opening Deadline = %v, %v", at, ok)
	}
}
