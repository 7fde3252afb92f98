package scale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParse(t *testing.T) {
	t.Parallel()
	settled := func(g int64) Reading { return Reading{Grams: g, Motion: Settled} }
	moving := func(g int64) Reading { return Reading{Grams: g, Motion: Moving} }
	for _, tc := range []struct {
		p    Protocol
		line string
		want Reading
		err  error
	}{
		{SICS, "S S      100.00 g", settled(100), nil},
		{SICS, "S S       1.2345 kg", settled(1235), nil},
		{SICS, "S D      -12.5 g", moving(-13), nil},
		{SICS, "S S     - 12.4 g", settled(-12), nil},
		{SICS, "S S        2.20 lb", settled(998), nil},
		{SICS, "S +", Reading{Over: true}, nil},
		{SICS, "S -", Reading{Under: true}, nil},
		{SICS, "S I", Reading{}, ErrBusy},
		{SICS, "ES", Reading{}, ErrLine},
		{SICS, "EL", Reading{}, ErrLine},
		{SICS, "I4 A \"0123456789\"", Reading{}, ErrLine},
		{SICS, "S S      100.00", Reading{}, ErrLine},
		{SICS, "S X      100.00 g", Reading{}, ErrLine},
		{ASCII, "ST,GS,+  1.234kg", settled(1234), nil},
		{ASCII, "US,GS,+  1.230kg", moving(1230), nil},
		{ASCII, "ST,NT,-0000.5 g", settled(-1), nil},
		{ASCII, "ST,+00012.34  g", settled(12), nil},
		{ASCII, "st,gs,   0.50,kg", settled(500), nil},
		{ASCII, "  1.5 oz", Reading{Grams: 43}, nil},
		{ASCII, "OL,GS,+", Reading{Over: true}, nil},
		{ASCII, "OL,GS,+9.9999kg", Reading{Over: true}, nil},
		{ASCII, "ST,GS,+  1.2.3kg", Reading{}, ErrLine},
		{ASCII, "ST,GS,+  1.234", Reading{}, ErrLine},
		{ASCII, "ST,GS,+  1.234 stone", Reading{}, ErrLine},
		{ASCII, "ST,GS,kg", Reading{}, ErrLine},
		{ASCII, "ST,GS,99999999 kg", Reading{}, ErrLine},
		{ASCII, "1,2,3", Reading{}, ErrLine},
		{ASCII, "", Reading{}, ErrLine},
		{ASCII, strings.Repeat("1", 100), Reading{}, ErrLine},
	} {
		got, err := tc.p.Parse(tc.line)
		if !errors.Is(err, tc.err) || got != tc.want {
			t.Errorf("%s %q: %+v %v, want %+v %v", tc.p, tc.line, got, err, tc.want, tc.err)
		}
	}
}

// Grams agree with exact fractions for every unit and every number of places.
func TestGramsAreExact(t *testing.T) {
	t.Parallel()
	exact := map[string]*big.Rat{"g": big.NewRat(1, 1), "kg": big.NewRat(1000, 1), "mg": big.NewRat(1, 1000), "lb": big.NewRat(45359237, 100000), "oz": big.NewRat(45359237, 1600000)}
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]string{"g", "kg", "mg", "lb", "oz"}).Draw(t, "unit")
		text := fmt.Sprintf("%d.%0*d", rapid.IntRange(0, 5000).Draw(t, "whole"), rapid.IntRange(1, 6).Draw(t, "places"), rapid.IntRange(0, 9).Draw(t, "rest"))
		r, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatal(text)
		}
		r.Mul(r, exact[unit]).Add(r, big.NewRat(1, 2))
		want := new(big.Int).Quo(r.Num(), r.Denom()).Int64()
		for sign, factor := range map[string]int64{"": 1, "+": 1, "-": -1} {
			if got, err := grams(sign+" "+text+unit, ""); err != nil || got != factor*want {
				t.Fatalf("%s%s %s: %d %v, want %d", sign, text, unit, got, err, factor*want)
			}
		}
	})
}

// Whatever comes over the line, reading it ends in a weight that a bench can carry or in an error; cutting it into lines never grows without bound.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"S S      100.00 g", "S +", "ST,GS,+  1.234kg", "US,NT,-0.5 lb", "OL,GS,+", "1.5,kg", "\x02ST,GS,+1kg\x03\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range []Protocol{SICS, ASCII} {
			r, err := p.Parse(s)
			if err != nil {
				if r != (Reading{}) || !errors.Is(err, ErrLine) && !errors.Is(err, ErrBusy) {
					t.Fatalf("%s %q: %+v %v", p, s, r, err)
				}
				continue
			}
			if abs(r.Grams) > heaviestGram || (r.Over || r.Under) && r.Grams != 0 {
				t.Fatalf("%s %q: %+v", p, s, r)
			}
		}
		var whole, bytewise lines
		all := whole.add([]byte(s))
		var one []string
		for i := range len(s) {
			one = append(one, bytewise.add([]byte(s[i:i+1]))...)
			if len(bytewise.rest) > longestLine+1 {
				t.Fatalf("%d bytes kept", len(bytewise.rest))
			}
		}
		if len(s) <= longestLine && fmt.Sprint(all) != fmt.Sprint(one) {
			t.Fatalf("%q cut at once %q, byte by byte %q", s, all, one)
		}
	})
}

// A box is put down, comes to rest, is lifted and scanned; the next box never gets its weight.
func TestWindow(t *testing.T) {
	t.Parallel()
	ms := func(n int) time.Duration { return time.Hour + time.Duration(n)*time.Millisecond }
	w := Window{Rest: 500 * time.Millisecond, Tolerance: 2, Least: 20, Hold: 5 * time.Second, Stale: 3 * time.Second}
	take := func(what string, at int, want Weight, ok bool) {
		t.Helper()
		if got, k := w.Take(ms(at)); k != ok || got != want {
			t.Errorf("%s: %+v %v, want %+v %v", what, got, k, want, ok)
		}
	}
	put := func(at int, g int64, m Motion) { w.Add(Reading{Grams: g, Motion: m}, ms(at)) }
	take("before any reading", 0, Weight{}, false)
	put(0, 0, Settled)
	take("empty", 0, Weight{}, false)
	put(200, 300, Moving)
	take("swinging", 210, Weight{300, false}, true)
	put(400, 1234, Settled)
	take("not long enough at rest", 410, Weight{1234, false}, true)
	put(600, 1236, Settled)
	put(900, 1235, Unsaid)
	take("at rest", 900, Weight{1235, true}, true)
	take("and again while it stands there", 950, Weight{1235, true}, true)
	put(1000, 0, Settled)
	take("lifted, but a scan had it", 1100, Weight{}, false)
	put(1500, 800, Settled)
	put(2000, 800, Settled)
	put(2100, 3, Moving)
	take("lifted before the scan", 2500, Weight{800, true}, true)
	take("once", 2600, Weight{}, false)
	put(3000, 640, Settled)
	put(3600, 640, Settled)
	put(3700, 0, Settled)
	take("lifted too long ago", 9000, Weight{}, false)
	put(10000, 500, Settled)
	put(10600, 500, Settled)
	take("no reading since the cable was pulled", 14000, Weight{}, false)
	put(14100, 500, Settled)
	w.Add(Reading{Over: true}, ms(14200))
	if got, ok := w.Peek(ms(14200)); !ok || got.Stable {
		t.Errorf("overload shows %+v %v", got, ok)
	}
	w.Lost()
	take("unplugged", 14200, Weight{}, false)
	// A weight that creeps is never at rest, however slowly.
	for i := range 20 {
		put(20000+200*i, int64(500+2*i), Settled)
	}
	take("creeping", 24000, Weight{538, false}, true)
}

// collected is a line that a scale told.
type collected struct {
	r   Reading
	err error
}

func listen(t *testing.T, s *Scale, n int) (got []collected, end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := s.Driver.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan collected, 100)
	ended := make(chan error, 1)
	go func() { ended <- s.Listen(ctx, stream, func(r Reading, err error) { heard <- collected{r, err} }) }()
	for len(got) < n {
		select {
		case c := <-heard:
			got = append(got, c)
		case err := <-ended:
			cancel()
			t.Fatalf("the scale ended with %v after %d lines", err, len(got))
		case <-time.After(20 * time.Second):
			cancel()
			t.Fatalf("%d lines after 20 s", len(got))
		}
	}
	return got, func() error { cancel(); return <-ended }
}

// A SICS scale on a serial line answers what it is asked.
func TestSICSOverSerial(t *testing.T) {
	t.Parallel()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	answers := []string{"ES\r\n", "S D      1.230 kg\r\n", "S S      1.234 kg\r\n", "S +\r\n"}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var asked []byte
		b := make([]byte, 1)
		for len(answers) > 0 {
			if _, err := master.Read(b); err != nil {
				return
			}
			if asked = append(asked, b[0]); !strings.HasSuffix(string(asked), "SI\r\n") {
				continue
			}
			asked = nil
			// The first answer is preceded by the end of one that nobody asked for.
			if _, err := io.WriteString(master, "kg\r\n"+answers[0]); err != nil {
				return
			}
			answers = answers[1:]
		}
	}()
	s, err := New("scale+serial://" + slave.Name() + "?protocol=sics&every=20ms&baud=19200")
	if err != nil {
		t.Fatal(err)
	}
	got, end := listen(t, s, 7)
	_ = end()
	<-done
	var weights []Reading
	for _, c := range got {
		if c.err == nil {
			weights = append(weights, c.r)
		}
	}
	if fmt.Sprint(weights) != fmt.Sprint([]Reading{{Grams: 1230, Motion: Moving}, {Grams: 1234, Motion: Settled}, {Over: true}}) {
		t.Errorf("%+v of %+v", weights, got)
	}
}

// A scale behind a device server sends by itself; the first line may be half of one.
func TestContinuousOverTCP(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "99kg\r\nST,GS,+  0.5")
		io.WriteString(c, "00kg\r\n\r\nUS,GS,+  0.502kg\n")
		io.Copy(io.Discard, c)
	}()
	s, err := New("scale+tcp://" + l.Addr().String() + "?protocol=ascii")
	if err != nil {
		t.Fatal(err)
	}
	got, end := listen(t, s, 2)
	if err := end(); err == nil {
		t.Error("Listen ended without a reason")
	}
	<-done
	if got[0].r != (Reading{Grams: 500, Motion: Settled}) || got[1].r != (Reading{Grams: 502, Motion: Moving}) {
		t.Errorf("%+v", got)
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"scale+usb://x", "scale+serial:", "scale+tcp://x", "scale+serial:COM5?protocol=xyz", "scale+serial:COM5?window=1h", "scale+serial:COM5?tolerance=x", "scale+serial:COM5?every=0s", "scale+:"} {
		if s, err := New(bad); err == nil {
			t.Errorf("%s gave %+v", bad, s)
		}
	}
	s, err := New("scale+serial:///dev/ttyUSB1?protocol=ascii&window=1s&tolerance=5&least=50&hold=3s&name=dock")
	if err != nil || s.Name != "dock" || s.Protocol != ASCII || s.Window.Rest != time.Second || s.Window.Tolerance != 5 || s.Window.Least != 50 || s.Window.Hold != 3*time.Second {
		t.Errorf("%+v %v", s, err)
	}
}
