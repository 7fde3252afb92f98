package plug

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ceiling = 20 * time.Second

// signalled waits for a change.
func signalled(t *testing.T, w *Watch, what string) {
	t.Helper()
	select {
	case <-w.Changed():
	case <-time.After(ceiling):
		t.Fatalf("%s was not noticed", what)
	}
}

func quiet(t *testing.T, w *Watch, what string) {
	t.Helper()
	select {
	case <-w.Changed():
		t.Fatalf("%s counts as a change", what)
	default:
	}
}

// messages is a kernel whose events the test sends.
type messages struct {
	c      chan []byte
	errs   chan error
	closed chan struct{}
}

func newMessages() *messages {
	return &messages{c: make(chan []byte), errs: make(chan error), closed: make(chan struct{})}
}

func (m *messages) Read(p []byte) (int, error) {
	select {
	case b := <-m.c:
		return copy(p, b), nil
	case err := <-m.errs:
		return 0, err
	case <-m.closed:
		return 0, os.ErrClosed
	}
}

func (m *messages) Close() error { close(m.closed); return nil }

func (m *messages) open() (io.ReadCloser, error) { return m, nil }

func tree(t *testing.T) Roots {
	t.Helper()
	r := Roots{Sys: t.TempDir(), Dev: t.TempDir()}
	for _, dir := range []string{filepath.Join(r.Sys, "class/tty"), filepath.Join(r.Dev, "serial/by-id")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Without events the listings tell: a node comes, is exchanged under its name, a link is turned, a file elsewhere comes, all goes.
func TestListings(t *testing.T) {
	t.Parallel()
	r := tree(t)
	elsewhere := filepath.Join(t.TempDir(), "scanner")
	w := Start(Config{Roots: r, Files: []string{elsewhere}, Fast: time.Millisecond})
	defer w.Close()
	quiet(t, w, "the beginning")
	node, other := filepath.Join(r.Dev, "ttyACM0"), filepath.Join(r.Dev, "ttyACM1")
	link := filepath.Join(r.Dev, "serial/by-id/usb-Scanner-if00")
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"a node that came", func() error { return os.WriteFile(node, nil, 0o600) }},
		{"a node that was exchanged", func() error {
			return errors.Join(os.WriteFile(node+".new", nil, 0o600), os.Rename(node+".new", node))
		}},
		{"a second node", func() error { return os.WriteFile(other, nil, 0o600) }},
		{"a link", func() error { return os.Symlink(node, link) }},
		{"a link that was turned", func() error { return errors.Join(os.Symlink(other, link+".new"), os.Rename(link+".new", link)) }},
		{"a file elsewhere", func() error { return os.WriteFile(elsewhere, nil, 0o600) }},
		{"a file elsewhere that went", func() error { return os.Remove(elsewhere) }},
		{"a node that went", func() error { return os.Remove(node) }},
		{"a tty of sysfs", func() error { return os.Mkdir(filepath.Join(r.Sys, "class/tty/ttyUSB3"), 0o755) }},
	} {
		must(t, step.do())
		signalled(t, w, step.what)
		// Some steps are two changes, of which one signal or two may come.
		settle(w)
	}
}

// settle takes signals until the listings agree with what is there.
func settle(w *Watch) {
	for {
		before := w.config.listing()
		select {
		case <-w.Changed():
		case <-time.After(20 * w.config.Fast):
			if before == w.config.listing() {
				return
			}
		}
	}
}

// Consoles and writes to a terminal are no change.
func TestWhatIsNoChange(t *testing.T) {
	t.Parallel()
	r := tree(t)
	node := filepath.Join(r.Dev, "ttyACM0")
	must(t, os.WriteFile(node, nil, 0o600))
	c := Config{Roots: r}
	before := c.listing()
	must(t, os.WriteFile(node, []byte("690\r"), 0o600))
	must(t, os.WriteFile(filepath.Join(r.Dev, "tty63"), nil, 0o600))
	must(t, os.WriteFile(filepath.Join(r.Dev, "sda"), nil, 0o600))
	if now := c.listing(); now != before {
		t.Errorf("before\n%s\nafter\n%s", before, now)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	m := newMessages()
	w := Start(Config{Roots: tree(t), Slow: time.Hour, events: m.open})
	defer w.Close()
	m.c <- []byte("add@/x\x00ACTION=add\x00DEVPATH=/x\x00SUBSYSTEM=block\x00")
	m.c <- []byte("add@/x\x00ACTION=add\x00DEVPATH=/x\x00SUBSYSTEM=net\x00") // taken: the first one was judged
	quiet(t, w, "a disk")
	m.c <- []byte("add@/x\x00ACTION=add\x00DEVPATH=/x\x00SUBSYSTEM=tty\x00")
	signalled(t, w, "a port")
	m.errs <- syscall.ENOBUFS
	signalled(t, w, "that messages were lost")
	m.c <- []byte{0xff}
	signalled(t, w, "a message that cannot be read")
	m.errs <- io.EOF
	m.c <- udevMessage("ACTION=remove\x00DEVPATH=/x\x00SUBSYSTEM=hidraw\x00")
	signalled(t, w, "a device of udev's")
}

// Where the socket opens and stays silent, looking becomes frequent by itself.
func TestSilentKernel(t *testing.T) {
	t.Parallel()
	m := newMessages()
	r := tree(t)
	w := Start(Config{Roots: r, Fast: time.Millisecond, Slow: 5 * time.Millisecond, events: m.open})
	defer w.Close()
	for i := range missesAllowed {
		if w.interval() != w.config.Slow {
			t.Fatalf("after %d misses looking is frequent", i)
		}
		must(t, os.WriteFile(filepath.Join(r.Dev, "ttyACM"+string(rune('0'+i))), nil, 0o600))
		signalled(t, w, "a node behind a silent kernel")
		settle(w)
	}
	if w.interval() != w.config.Fast {
		t.Error("a silent kernel is still waited for")
	}
}

// A change that was announced is no miss: the slow look stays slow.
func TestAnnouncedChange(t *testing.T) {
	t.Parallel()
	w := &Watch{config: Config{Roots: tree(t), Fast: time.Nanosecond, Slow: time.Millisecond}, changed: make(chan struct{}, 1), heard: make(chan struct{}, 1), stop: make(chan struct{}), kernel: newMessages()}
	node := filepath.Join(w.config.Dev, "ttyACM0")
	before := w.config.listing()
	must(t, os.WriteFile(node, nil, 0o600))
	poke(w.heard)
	w.running.Go(func() { w.look(before) })
	signalled(t, w, "the change itself")
	w.Close()
	if n := w.misses.Load(); n != 0 || drain(w.heard) {
		t.Errorf("%d misses", n)
	}
}

func TestBrokenKernel(t *testing.T) {
	t.Parallel()
	r := tree(t)
	w := Start(Config{Roots: r, Fast: time.Millisecond, events: func() (io.ReadCloser, error) { return nil, errors.New("no netlink here") }})
	defer w.Close()
	must(t, os.WriteFile(filepath.Join(r.Dev, "ttyUSB0"), nil, 0o600))
	signalled(t, w, "a node without a kernel")
}

func TestOutside(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]bool{"/dev/serial/by-id/x": false, "/dev/ttyACM0": false, "/tmp/x": true, "/devices/x": true, "relative": true} {
		if got := (Config{Files: []string{file}}).outside(); got != want {
			t.Errorf("%s is outside: %v", file, got)
		}
	}
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	w := Start(Config{})
	w.Close()
	w.Close()
}
