package hid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/backdock/backdock/scanner/hid/descriptor"
	"github.com/backdock/backdock/scanner/hid/hidtest"
	"github.com/backdock/backdock/scanner/hid/pos"
	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/usb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestURLs(t *testing.T) {
	t.Parallel()
	parse := func(s string) error {
		u, err := url.Parse(s)
		if err != nil {
			return err
		}
		if u.Scheme == evdev {
			_, err = NewKeyboard(u)
		} else {
			_, err = NewPOS(u)
		}
		return err
	}
	for _, good := range []string{"evdev:///dev/input/by-id/usb-x-event-kbd?layout=de&alt=gbk&dead=0&caps=1&suffix=tab&beep=none", "evdev://?vid=0C2E&pid=0b61&sn=A1",
		"hidpos:///dev/hidraw3", "hidpos://?vid=0c2e&enable=254:01&enable=3:0102&pause=1s"} {
		if err := parse(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"evdev://dev/input/event3":           "three slashes",
		"evdev:event3":                       "three slashes",
		"evdev://":                           "names no device",
		"evdev:///dev/x?vid=0c2e":            "choose one",
		"evdev:///dev/x?layout=xx":           "country",
		"evdev:///dev/x?beep=honeywell":      "HID POS",
		"evdev:///dev/x?good=06":             "HID POS",
		"evdev:///dev/x?suffix=crlf":         "suffix=tab",
		"evdev:///dev/x?event=16":            "this computer has",
		"hidpos:///dev/hidraw3?enable=254":   "such as 254:01",
		"hidpos:///dev/hidraw3?enable=256:1": "such as 254:01",
		"hidpos:///dev/hidraw3?enable=1:0":   "such as 254:01",
		"hidpos:///dev/hidraw3?pause=1":      "pause=",
		"hidpos://":                          "names no device",
	} {
		if err := parse(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %v, want an error with %q", bad, err, want)
		}
	}
}

// pair is an open device and the kernel's end of it. Both ends keep the borders of what is written, as hidraw does.
func pair(t *testing.T) (*device, *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{file: os.NewFile(uintptr(fds[0]), "scanner")}
	if d.raw, err = d.file.SyscallConn(); err != nil {
		t.Fatal(err)
	}
	kernel := os.NewFile(uintptr(fds[1]), "kernel")
	t.Cleanup(func() { d.Close(); kernel.Close() })
	return d, kernel
}

func write(t *testing.T, f *os.File, b []byte) {
	t.Helper()
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
}

func TestReadReports(t *testing.T) {
	t.Parallel()
	d, kernel := pair(t)
	s := &reports{device: d, desc: hidtest.Usual}
	v := hidtest.New(t, hidtest.Usual)
	b := make([]byte, 4096)
	read := make(chan string)
	go func() {
		n, err := s.Read(b)
		read <- fmt.Sprintf("% x %v", b[:n], err)
	}()
	report := v.Report("690", "]E0", false)
	write(t, kernel, report[1:]) // what Report puts first is the mark
	if got, want := <-read, fmt.Sprintf("% x <nil>", report); got != want {
		t.Fatalf("read %s, want %s", got, want)
	}
	if n, err := s.Read(b[:1]); n != 0 || !errors.Is(err, io.ErrShortBuffer) {
		t.Fatalf("a buffer of one byte gave %d, %v", n, err)
	}
	kernel.Close()
	if n, err := s.Read(b); n != 0 || err != io.EOF {
		t.Fatalf("after unplugging %d, %v", n, err)
	}
}

// The kernel says nothing when its queue runs over, so a queue that may have been full is marked.
func TestQueueThatWasFull(t *testing.T) {
	t.Parallel()
	read := func(s *reports, n int) (marked []int) {
		b := make([]byte, 64)
		for i := range n {
			if n, err := s.Read(b); err != nil || n != 2 {
				t.Fatal(n, err)
			}
			if b[0] == pos.Full {
				marked = append(marked, i)
			}
		}
		return marked
	}
	for waiting, want := range map[int]string{62: "[]", 63: "[62]", 64: "[62 63]", 66: "[62 63 64 65]"} {
		d, kernel := pair(t)
		for range waiting {
			write(t, kernel, []byte{2})
		}
		if got := fmt.Sprint(read(&reports{device: d}, waiting)); got != want {
			t.Errorf("%d waiting reports are marked at %s, want %s", waiting, got, want)
		}
	}
	// A reader that found the queue empty is abreast of it.
	d, kernel := pair(t)
	s := &reports{device: d}
	for _, n := range []int{62, 62} {
		for range n {
			write(t, kernel, []byte{2})
		}
		if got := read(s, n); got != nil {
			t.Errorf("a queue that was never full is marked at %v", got)
		}
		d.file.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := s.Read(make([]byte, 64)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("an empty queue gave %v", err)
		}
		d.file.SetReadDeadline(time.Time{})
	}
}

func TestCloseEndsRead(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*device) io.ReadWriteCloser{
		"keyboard": func(d *device) io.ReadWriteCloser { return &keys{device: d} },
		"pos":      func(d *device) io.ReadWriteCloser { return &reports{device: d} },
	} {
		d, _ := pair(t)
		s := open(d)
		ended := make(chan error)
		go func() {
			_, err := s.Read(make([]byte, 4096))
			ended <- err
		}()
		s.Close()
		if err := <-ended; !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: Read ended with %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: the second Close gave %v", name, err)
		}
	}
}

// After a suspend a device may be gone while its reads go on waiting: only its file says so. What the kernel still holds comes first, then the end.
func TestSilentDeviceEndsWithItsFile(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*device) guarded{
		"keyboard": func(d *device) guarded { return &keys{device: d} },
		"pos":      func(d *device) guarded { return &reports{device: d} },
	} {
		d, kernel := pair(t)
		s := open(d)
		node := filepath.Join(t.TempDir(), "node")
		write(t, kernel, []byte("one"))
		if err := os.WriteFile(node, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s.guard(plug.Config{Files: []string{node}, Fast: 2 * time.Millisecond}, usb.Identify(node, false))
		b := make([]byte, 64)
		if n, err := s.Read(b); err != nil || !strings.HasSuffix(string(b[:n]), "one") {
			t.Fatalf("%s: read %q, %v", name, b[:n], err)
		}
		ended := make(chan string, 1)
		go func() {
			n, err := s.Read(b)
			ended <- fmt.Sprint(n, err)
		}()
		if err := os.Remove(node); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-ended:
			if got != fmt.Sprint(0, io.EOF) {
				t.Errorf("%s: the read of a device that is gone ended with %s", name, got)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: a read of a device that is gone goes on", name)
		}
		write(t, kernel, []byte("two")) // the kernel had it all the time
		if n, err := s.Read(b); err != nil || !strings.HasSuffix(string(b[:n]), "two") {
			t.Errorf("%s: what the kernel held is %q, %v", name, b[:n], err)
		}
		if n, err := s.Read(b); n != 0 || err != io.EOF {
			t.Errorf("%s: behind it %d, %v", name, n, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestKeyboardTakesNoFeedback(t *testing.T) {
	t.Parallel()
	d, _ := pair(t)
	if n, err := (&keys{device: d}).Write([]byte{6}); n != 0 || !errors.Is(err, errors.ErrUnsupported) {
		t.Fatalf("Write = %d, %v", n, err)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	d, kernel := pair(t)
	desc, err := descriptor.Parse(hidtest.Usual)
	if err != nil {
		t.Fatal(err)
	}
	s := &reports{device: d, described: desc}
	good, bad := s.Answers()
	if _, err := s.Write(good); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 8)
	n, err := kernel.Read(b)
	if err != nil || string(b[:n]) != string(good) || string(good) == string(bad) || len(bad) != len(good) {
		t.Fatalf("the device got % x, %v; good % x bad % x", b[:n], err, good, bad)
	}
}

// Open waits for what is not there, and says what is wrong with what is there.
func TestOpen(t *testing.T) {
	t.Parallel()
	s := newSysfs(t)
	ctx, cancel := context.WithCancel(t.Context())
	missing := []interface {
		Open(context.Context) (io.ReadWriteCloser, error)
	}{
		&POS{Target: Target{Match: usb.Match{VID: "0c2e"}, Watch: plug.Config{Roots: s.roots()}}},
		&Keyboard{Target: Target{Match: usb.Match{VID: "0c2e"}, Watch: plug.Config{Roots: s.roots()}}},
		&POS{Target: Target{Path: filepath.Join(s.root, "hidraw9")}},
	}
	ended := make(chan error, len(missing))
	for _, d := range missing {
		go func() { _, err := d.Open(ctx); ended <- err }()
	}
	cancel()
	for range missing {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("a missing device gave %v", err)
		}
	}
	file := filepath.Join(s.root, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&POS{Target: Target{Path: file}}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "is this a hidraw device?") {
		t.Errorf("a file gave %v", err)
	}
	if _, err := (&Keyboard{Target: Target{Path: file}}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "no input device") {
		t.Errorf("a file gave %v", err)
	}
}
