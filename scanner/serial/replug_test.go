package serial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner/plug/plugtest"
	"github.com/backdock/backdock/scanner/usb"
)

const (
	ceiling = 20 * time.Second
	byID    = "serial/by-id/usb-Scanner-if00"
)

// driverOn makes a driver that looks at a test's machine, often.
func driverOn(m plugtest.Machine, raw string) *Driver {
	m.T.Helper()
	d := driver(m.T, raw)
	d.Watch.Roots, d.Watch.Fast = m.Roots, 2*time.Millisecond
	return d
}

// heard reads what a scanner sends.
func heard(t *testing.T, scanner io.Writer, s io.Reader, text string) {
	t.Helper()
	if _, err := io.WriteString(scanner, text); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(s, got); err != nil || string(got) != text {
		t.Fatalf("read %q, %v, want %q", got, err, text)
	}
}

// ended waits until a stream says that its device is gone.
func ended(t *testing.T, s io.Reader) {
	t.Helper()
	got := make(chan error, 1)
	go func() { _, err := s.Read(make([]byte, 8)); got <- err }()
	select {
	case err := <-got:
		if !errors.Is(err, io.EOF) {
			t.Fatalf("the stream ended with %v", err)
		}
	case <-time.After(ceiling):
		t.Fatal("the stream of a device that is gone goes on")
	}
}

type opened struct {
	s   io.ReadWriteCloser
	err error
}

func openLater(t *testing.T, d *Driver) <-chan opened {
	t.Helper()
	out := make(chan opened, 1)
	ctx, cancel := context.WithTimeout(t.Context(), ceiling)
	go func() {
		defer cancel()
		s, err := d.Open(ctx)
		out <- opened{s, err}
	}()
	return out
}

func got(t *testing.T, later <-chan opened) io.ReadWriteCloser {
	t.Helper()
	o := <-later
	if o.err != nil {
		t.Fatal(o.err)
	}
	t.Cleanup(func() { o.s.Close() })
	return o.s
}

// The scanner comes back under another number and in the same socket: its URL finds it, by serial number, by socket and by its link.
func TestReplugUnderAnotherNumber(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"?vid=0c2e&pid=0b6a&sn=21134B0CB2", "?vid=0c2e&usb=1-2.3", "by-id"} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			m := plugtest.New(t)
			link := m.InDev(byID)
			raw := "serial://" + query
			if query == "by-id" {
				raw = "serial://" + link
			}
			d := driverOn(m, raw)
			later := openLater(t, d) // not plugged in yet
			first, port := newPort(t)
			m.Attach(plugtest.Honeywell, "1-2.3", "ttyACM0", port)
			m.Turn(byID, "../../ttyACM0")
			s := got(t, later)
			heard(t, first, s, "690\r")

			m.Detach("1-2.3", "ttyACM0")
			if err := os.Remove(link); err != nil {
				t.Fatal(err)
			}
			first.Close()
			ended(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			later = openLater(t, d)
			stranger, other := newPort(t) // another scanner took the old number meanwhile
			defer stranger.Close()
			m.Attach(plugtest.Gun{VID: "05e0", PID: "1701", Serial: "Z"}, "1-4", "ttyACM0", other)
			second, again := newPort(t)
			m.Attach(plugtest.Honeywell, "1-2.3", "ttyACM1", again)
			m.Turn(byID, "../../ttyACM1")
			heard(t, second, got(t, later), "691\r")
		})
	}
}

// After a suspend a read may hang for ever: the line is open and silent, and only the device files say that the scanner went and came.
func TestSilentStreamEndsWithItsDevice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		do   func(m plugtest.Machine, link, other string) error
	}{
		{"the device file went", func(m plugtest.Machine, link, other string) error { return os.Remove(m.InDev("ttyACM0")) }},
		{"it is another device now", func(m plugtest.Machine, link, other string) error { m.Turn("ttyACM0", other); return nil }},
		{"the link leads to another device", func(m plugtest.Machine, link, other string) error {
			m.Turn("ttyACM1", other)
			m.Turn(byID, "../../ttyACM1")
			return nil
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := plugtest.New(t)
			scanner, port := newPort(t)
			_, other := newPort(t)
			m.Turn("ttyACM0", port)
			link := m.InDev(byID)
			m.Turn(byID, "../../ttyACM0")
			d := driverOn(m, "serial://"+link)
			s := open(t, d)
			heard(t, scanner, s, "690\r")
			if err := tc.do(m, link, other); err != nil {
				t.Fatal(err)
			}
			ended(t, s)
		})
	}
}

// udev writes its links anew, and other devices come and go, while a scanner works on.
func TestOthersComeAndGo(t *testing.T) {
	t.Parallel()
	m := plugtest.New(t)
	scanner, port := newPort(t)
	link := m.InDev(byID)
	m.Turn("ttyACM0", port)
	m.Turn(byID, "../../ttyACM0")
	s := open(t, driverOn(m, "serial://"+link))
	for i := range 20 {
		name := fmt.Sprintf("ttyACM%d", i+1)
		m.Attach(plugtest.Cheap, fmt.Sprintf("1-%d", i+1), name, port)
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
		heard(t, scanner, s, fmt.Sprintf("code %d\r", i))
		m.Turn(byID, "../../ttyACM0")
		m.Detach(fmt.Sprintf("1-%d", i+1), name)
	}
	heard(t, scanner, s, "last\r")
}

// Two scanners fit: nobody guesses, and a socket in the URL settles it.
func TestOpenRefusesTwins(t *testing.T) {
	t.Parallel()
	m := plugtest.New(t)
	_, left := newPort(t)
	scanner, right := newPort(t)
	m.Attach(plugtest.Cheap, "1-1", "ttyUSB0", left)
	m.Attach(plugtest.Cheap, "1-2", "ttyUSB1", right)
	if _, err := driverOn(m, "serial://?vid=1a86&pid=7523").Open(t.Context()); fault.Code(err) != usb.CodeAmbiguous {
		t.Fatalf("Open gave %v", err)
	}
	heard(t, scanner, open(t, driverOn(m, "serial://?vid=1a86&pid=7523&usb=1-2")), "690\r")
}

// A new device file belongs to root until udev has run: the driver waits for that before it says that it has no permission.
func TestPermissionComesLate(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root needs no permission")
	}
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	if err := os.Chmod(slave.Name(), 0); err != nil {
		t.Fatal(err)
	}
	d := driver(t, "serial://"+slave.Name())
	if _, err := d.Open(t.Context()); fault.Code(err) != CodeDenied {
		t.Fatalf("without permission: %v", err)
	}
	later := openLater(t, d)
	if err := os.Chmod(slave.Name(), 0o600); err != nil {
		t.Fatal(err)
	}
	heard(t, master, got(t, later), "690\r")
}

// 200 times the cable is pulled and comes back under the next number: neither goroutines nor descriptors pile up.
func TestTwoHundredReplugs(t *testing.T) {
	m := plugtest.New(t)
	d := driverOn(m, "serial://?vid=0c2e&pid=0b6a&sn=21134B0CB2")
	replug := func(i int) {
		master, slave, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("ttyACM%d", i%7)
		later := openLater(t, d)
		m.Attach(plugtest.Honeywell, "1-2.3", name, slave.Name())
		o := <-later
		if o.err != nil {
			t.Fatalf("replug %d: %v", i, o.err)
		}
		slave.Close()
		heard(t, master, o.s, fmt.Sprintf("code %d\r", i))
		m.Detach("1-2.3", name)
		if i%10 != 0 {
			master.Close() // the kernel says so
		}
		ended(t, o.s) // or only the device files do
		if err := o.s.Close(); err != nil {
			t.Fatal(err)
		}
		master.Close()
	}
	replug(0)
	goroutines, descriptors := runtime.NumGoroutine(), fds(t)
	for i := range 200 {
		replug(i + 1)
	}
	if n := fds(t); n > descriptors {
		t.Errorf("%d descriptors after 200 replugs, %d before", n, descriptors)
	}
	if n := settled(goroutines); n > goroutines {
		t.Errorf("%d goroutines after 200 replugs, %d before", n, goroutines)
	}
}

// settled gives goroutines that are ending time to do so.
func settled(want int) int {
	n := runtime.NumGoroutine()
	for begin := time.Now(); n > want && time.Since(begin) < ceiling; n = runtime.NumGoroutine() {
		time.Sleep(time.Millisecond)
	}
	return n
}

func fds(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc to count descriptors in")
	}
	return len(entries)
}
