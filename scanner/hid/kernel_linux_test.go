package hid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid/hidtest"
)

// These tests make real devices through /dev/uhid and need a machine that lets them: a virtual one, as root. Elsewhere they are skipped.

// opened is a device that a driver opened, with its decoder behind it.
type opened struct {
	t      *testing.T
	stream io.ReadWriteCloser
	d      frame.Decoder
	events []frame.Event
	later  time.Duration // added to the clock
}

func (g *gadget) open(scheme, query string) *opened {
	g.t.Helper()
	stream, err := g.try(scheme, query, ceiling)
	if err != nil {
		g.t.Fatal(err)
	}
	p := frame.Default()
	p.KeepFirst = true
	d, err := NewDecoder(stream.(scanner.Encoded).Encoding(), p, now())
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { stream.Close() })
	return &opened{t: g.t, stream: stream, d: d}
}

func (g *gadget) try(scheme, query string, patience time.Duration) (io.ReadWriteCloser, error) {
	g.t.Helper()
	u, err := url.Parse(scheme + "://?vid=bd0c&pid=0001&sn=" + g.id + query)
	if err != nil {
		g.t.Fatal(err)
	}
	var d scanner.Driver
	if scheme == evdev {
		d, err = NewKeyboard(u)
	} else {
		d, err = NewPOS(u)
	}
	if err != nil {
		g.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(g.t.Context(), patience)
	defer cancel()
	return d.Open(ctx)
}

func now() time.Duration { return time.Duration(clock.Mono()) * time.Microsecond }

// next reads until there is an event.
func (o *opened) next() frame.Event {
	o.t.Helper()
	b := make([]byte, 4096)
	for len(o.events) == 0 {
		n, err := o.stream.Read(b)
		if err != nil {
			o.t.Fatal(err)
		}
		o.events = o.d.Write(b[:n], now()+o.later)
	}
	e := o.events[0]
	o.events = o.events[1:]
	return e
}

// drain reads what is there, and wants no code of it.
func (o *opened) drain() {
	o.t.Helper()
	b := make([]byte, 4096)
	file := o.stream.(*reports).file
	file.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	defer file.SetReadDeadline(time.Time{})
	for {
		n, err := o.stream.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if err != nil {
			o.t.Fatal(err)
		}
		if e := o.d.Write(b[:n], now()); len(e) > 0 {
			o.t.Fatalf("behind the queue came %+v", e)
		}
	}
}

func (o *opened) wants(data, symbology string) {
	o.t.Helper()
	if e := o.next(); e.Kind != frame.Complete || string(e.Data) != data || e.Symbology != symbology {
		o.t.Fatalf("got %+v, want %q", e, data)
	}
}

func (o *opened) gone() {
	o.t.Helper()
	b := make([]byte, 4096)
	for {
		if _, err := o.stream.Read(b); err == io.EOF {
			return
		} else if err != nil {
			o.t.Fatal(err)
		}
	}
}

func TestKernelKeyboard(t *testing.T) {
	g := newGadget(t, hidtest.Boot)
	o := g.open(evdev, "")
	g.types("6901aZ\r")
	o.wants("6901aZ", "")
	if s, err := g.try(evdev, "", ceiling); err == nil || !strings.Contains(err.Error(), "to itself") {
		t.Fatalf("a second agent got %v, %v", s, err)
	}
	// A reader that stalls loses keys, and is told.
	g.types(strings.Repeat("0123456789", 6) + "\r")
	if e := o.next(); e.Kind != frame.Damaged || !strings.Contains(e.Why, "dropped") {
		t.Fatalf("a stalled reader got %+v", e)
	}
	g.types("7\r")
	o.wants("7", "")
	g.Unplug()
	o.gone()
}

func TestKernelKeyboardIsNotTakenWhileAKeyIsHeld(t *testing.T) {
	g := newGadget(t, hidtest.Boot)
	g.open(evdev, "").stream.Close() // the node is there
	g.report(hidtest.Press(0, hidtest.UsageEnter))
	if s, err := g.try(evdev, "", ceiling); err == nil || !strings.Contains(err.Error(), "held down") {
		t.Fatalf("with Enter held Open gave %v, %v", s, err)
	}
	got := make(chan error, 1)
	go func() {
		s, err := g.try(evdev, "", ceiling)
		if err == nil {
			s.Close()
		}
		got <- err
	}()
	g.report(hidtest.Release())
	if err := <-got; err != nil {
		t.Fatal(err)
	}
}

// A scanner that watches the lamp of Caps Lock must see the state that its keys are read with.
func TestKernelKeyboardLamp(t *testing.T) {
	g := newGadget(t, hidtest.Boot)
	g.open(evdev, "&caps=1")
	for {
		if s := g.hears(); s[len(s)-1]&2 != 0 { // the lamps are one byte, behind the number of a report without numbers
			return
		}
	}
}

func TestKernelPOS(t *testing.T) {
	g := newGadget(t, hidtest.Usual)
	v := hidtest.New(t, hidtest.Usual)
	send := func(data, id string, more bool) { g.report(v.Report(data, id, more)[1:]) }
	o := g.open(hidpos, "&enable=4:01&pause=20s")
	if s := g.hears(); s != "F\x04\x01" {
		t.Fatalf("the device was enabled by %q", s)
	}
	send("6901234567892", "]E0", false)
	o.wants("6901234567892", "]E0")
	send(strings.Repeat("x", 56), "]Q1", true)
	send("end", "]Q1", false)
	o.wants(strings.Repeat("x", 56)+"end", "]Q1")
	good, bad := o.stream.(scanner.Answering).Answers()
	for _, b := range [][]byte{good, bad} {
		if _, err := o.stream.Write(b); err != nil {
			t.Fatal(err)
		}
		if s := g.hears(); s != string(b) {
			t.Fatalf("the device was told % x, want % x", s, b)
		}
	}
	// A reader that stalls loses reports without a word of the kernel's. The queue holds 63; some of the reads above found it filled too.
	for range 100 {
		send("1", "]E0", false)
	}
	whole := 0
	for e := o.next(); e.Kind != frame.Damaged; e = o.next() {
		if whole++; string(e.Data) != "1" || whole > queue {
			t.Fatalf("report %d gave %+v", whole, e)
		}
	}
	if whole < queue-4 {
		t.Fatalf("only %d reports were taken", whole)
	}
	o.drain()
	o.later = time.Minute
	send("7", "]E0", false)
	o.wants("7", "]E0")
	g.Unplug()
	o.gone()
}

func TestKernelWaitsForAppearance(t *testing.T) {
	probe := newGadget(t, hidtest.Usual)
	probe.Unplug()
	next := &gadget{t: t}
	gadgets.Lock()
	next.id = fmt.Sprintf("SN-%d", gadgets.n+1)
	gadgets.Unlock()
	type answer struct {
		s   io.ReadWriteCloser
		err error
	}
	got := make(chan answer, 1)
	go func() { s, err := next.try(hidpos, "", ceiling); got <- answer{s, err} }()
	time.Sleep(300 * time.Millisecond) // let it look in vain; the test holds without, too
	g := newGadget(t, hidtest.Usual)
	if g.id != next.id {
		t.Fatalf("the gadget is %s, not %s", g.id, next.id)
	}
	a := <-got
	if a.err != nil {
		t.Fatal(a.err)
	}
	defer a.s.Close()
	g.report(hidtest.New(t, hidtest.Usual).Report("690", "", false)[1:])
	if n, err := a.s.Read(make([]byte, 4096)); err != nil || n != 65 {
		t.Fatalf("read %d, %v", n, err)
	}
}
