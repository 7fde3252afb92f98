package serial

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"

	"github.com/backdock/backdock/scanner/usb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func driver(t *testing.T, raw string) *Driver {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(u)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// newPort makes a pseudo-terminal: the master is the scanner, the slave's name its port.
func newPort(t *testing.T) (scanner *os.File, port string) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close(); slave.Close() })
	name := slave.Name()
	slave.Close()
	return master, name
}

func open(t *testing.T, d *Driver) io.ReadWriteCloser {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	s, err := d.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Every byte passes as it is, both ways: no line discipline eats or translates any.
func TestBytesPass(t *testing.T) {
	master, port := newPort(t)
	s := open(t, driver(t, "serial://"+port+"?baud=115200"))
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	if _, err := master.Write(all); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 256)
	if _, err := io.ReadFull(s, got); err != nil || string(got) != string(all) {
		t.Fatalf("read %x, %v", got, err)
	}
	if _, err := s.Write(all); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(master, got); err != nil || string(got) != string(all) {
		t.Fatalf("the scanner got %x, %v", got, err)
	}
}

// Bytes from before the opening were seen by the untamed line (CR becomes LF) and are thrown away.
func TestOldBytesAreDropped(t *testing.T) {
	master, port := newPort(t)
	if _, err := master.Write([]byte("old\r")); err != nil {
		t.Fatal(err)
	}
	s := open(t, driver(t, "serial:"+port))
	if _, err := master.Write([]byte("new\r")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(s, got); err != nil || string(got) != "new\r" {
		t.Fatalf("read %q, %v", got, err)
	}
}

func TestUnplug(t *testing.T) {
	master, port := newPort(t)
	s := open(t, driver(t, "serial://"+port))
	master.Close()
	if n, err := s.Read(make([]byte, 8)); !errors.Is(err, io.EOF) {
		t.Fatalf("after unplugging Read gave %d, %v", n, err)
	}
	if _, err := s.Write([]byte{7}); err == nil {
		t.Fatal("after unplugging Write succeeded")
	}
}

func TestCloseUnblocksRead(t *testing.T) {
	_, port := newPort(t)
	s := open(t, driver(t, "serial://"+port))
	ended := make(chan error, 1)
	go func() { _, err := s.Read(make([]byte, 8)); ended <- err }()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Fatalf("Close ended Read with %v", err)
	}
	if _, err := s.Write([]byte{7}); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("after Close Write gave %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("the second Close gave %v", err)
	}
}

// A scanner that takes no bytes holds up a Write, but neither Close nor a Read.
func TestStuckWrite(t *testing.T) {
	master, port := newPort(t)
	s := open(t, driver(t, "serial://"+port))
	read, wrote := make(chan error, 1), make(chan error, 1)
	go func() { _, err := s.Read(make([]byte, 8)); read <- err }()
	go func() { _, err := s.Write(make([]byte, 64<<10)); wrote <- err }() // more than the line buffers
	first := make([]byte, 1)
	if _, err := io.ReadFull(master, first); err != nil { // the Write is under way
		t.Fatal(err)
	}
	if err := s.Close(); err == nil {
		t.Fatal("Close said nothing about the Write that hangs")
	}
	if err := <-read; !errors.Is(err, os.ErrClosed) {
		t.Fatalf("Close ended Read with %v", err)
	}
	master.Close()
	<-wrote
	if _, err := s.Write([]byte{7}); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("after Close Write gave %v", err)
	}
}

// Open waits for a port that is not there, and stops waiting with its context.
func TestOpenWaits(t *testing.T) {
	master, port := newPort(t)
	link := filepath.Join(t.TempDir(), "scanner")
	d := driver(t, "serial://"+link)
	ctx, cancel := context.WithCancel(t.Context())
	opened := make(chan error, 1)
	go func() {
		s, err := d.Open(ctx)
		if err == nil {
			s.Close()
		}
		opened <- err
	}()
	if err := os.Symlink(port, link); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	master.Close()
	go func() { _, err := driver(t, "serial:///dev/no-such-port").Open(ctx); opened <- err }()
	cancel()
	if err := <-opened; !errors.Is(err, context.Canceled) {
		t.Fatalf("Open gave %v", err)
	}
}

func TestNotAPort(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := driver(t, "serial://"+file).Open(t.Context()); err == nil {
		t.Fatal("a plain file was opened as a port")
	}
}

func TestURLs(t *testing.T) {
	for _, bad := range []string{"serial:", "serial://ttyUSB0", "serial:///dev/x?baud=fast", "serial:///dev/x?bits=9", "serial:///dev/x?parity=maybe", "serial:///dev/x?stop=3", "serial:///dev/x?vid=0c2e", "serial://?vid=c2e", "serial://?vid=0c2e&pid=wxyz", "serial://?vid=0c2e&usb=2", "serial://?usb=1-2.3:one"} {
		u, err := url.Parse(bad)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := New(u); err == nil {
			t.Errorf("%s gave %+v", bad, d)
		}
	}
	if d := driver(t, "serial:COM5?baud=19200"); d.Path != "COM5" || d.Mode.BaudRate != 19200 {
		t.Errorf("COM5 reads as %+v", d)
	}
	if d := driver(t, "serial://?vid=0C2E&pid=0B6A&usb=1-2.3:1.0"); d.Match != (usb.Match{VID: "0c2e", PID: "0b6a", Socket: "1-2.3:1.0"}) {
		t.Errorf("a socket reads as %+v", d.Match)
	}
}
