package printer

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/backdock/backdock/scanner/printer/printertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const job = "^XA^FO10,10^FDhello^FS^XZ\n"

// patient is a time-out that a loaded machine keeps; short is one that a test waits for.
const (
	patient = "timeout=20s"
	short   = "timeout=300ms"
)

func fake(t *testing.T, f printertest.Fault) *printertest.Printer {
	t.Helper()
	p, err := printertest.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	p.Set(f)
	return p
}

func open(t *testing.T, url string) *Printer {
	t.Helper()
	p, err := New(url)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a job meets, what the operator is told, and whether anybody has to ask what came out.
func TestTroubles(t *testing.T) {
	t.Parallel()
	long := "^XA" + strings.Repeat("^FO10,10^FDhello^FS", 300_000) + "^XZ\n"
	for _, tc := range []struct {
		name, query, job string
		fault            printertest.Fault
		state            State // empty: printed
		doubt            bool
		printed          int
	}{
		{name: "works", query: patient, job: job, printed: 1},
		{name: "a long job", query: patient, job: "^XA" + strings.Repeat("^FO10,10^FDhello^FS", 500) + "^XZ", printed: 1},
		{name: "no labels", query: patient, job: job, fault: printertest.Fault{PaperOut: true}, state: PaperOut},
		{name: "head open", query: patient, job: job, fault: printertest.Fault{HeadOpen: true, PaperOut: true}, state: HeadOpen},
		{name: "paused", query: patient, job: job, fault: printertest.Fault{Paused: true}, state: Paused},
		{name: "no ribbon", query: patient, job: job, fault: printertest.Fault{RibbonOut: true}, state: RibbonOut},
		{name: "never answers", query: short, job: job, fault: printertest.Fault{Mute: true}, state: Mute},
		{name: "never answers and need not", query: patient + "&status=no", job: job, fault: printertest.Fault{Mute: true}, printed: 1},
		{name: "reads nothing", query: short + "&status=no", job: long, fault: printertest.Fault{Stalled: true}, state: Mute},
		{name: "cut in the middle", query: patient, job: long, fault: printertest.Fault{CutAfter: 700}, state: Unreachable},
		{name: "cut after the whole job", query: patient, job: job, fault: printertest.Fault{CutFull: true}, state: Unreachable, doubt: true, printed: 1},
		{name: "cut after the whole job without status", query: patient + "&status=no", job: job, fault: printertest.Fault{CutFull: true}, state: Unreachable, doubt: true, printed: 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := fake(t, tc.fault)
			err := open(t, f.URL(tc.query)).Print(t.Context(), []byte(tc.job), nil)
			var trouble *Trouble
			switch {
			case tc.state == "":
				if err != nil {
					t.Fatal(err)
				}
			case !errors.As(err, &trouble) || trouble.State != tc.state || trouble.Doubt != tc.doubt:
				t.Fatalf("%#v, want %s, doubt %v", err, tc.state, tc.doubt)
			case trouble.State.Sentence() == "" || !strings.Contains(trouble.Error(), trouble.State.Sentence()):
				t.Errorf("%q does not tell the operator %q", trouble.Error(), trouble.State.Sentence())
			}
			if tc.printed > 0 { // without a status nobody waits for the print
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				if err := f.Wait(ctx, func(l []string, _ int) bool { return len(l) >= tc.printed }); err != nil {
					t.Fatal(err)
				}
			}
			if n := len(f.Labels()); n != tc.printed {
				t.Errorf("%d labels printed, want %d", n, tc.printed)
			}
		})
	}
}

// The roll ends under a job: the printer keeps it, Print says why it waits, and returns when a new roll is in.
func TestRollEndsUnderWay(t *testing.T) {
	t.Parallel()
	f := fake(t, printertest.Fault{RollEnds: true})
	told := 0
	err := open(t, f.URL(patient)).Print(t.Context(), []byte(job), func(s State) {
		if s == PaperOut {
			told++
			f.Set(printertest.Fault{})
		}
	})
	if err != nil || told == 0 || len(f.Labels()) != 1 {
		t.Errorf("%v, told %d times, %d labels", err, told, len(f.Labels()))
	}
}

// Whoever stops while the printer still holds the job leaves a doubt.
func TestStoppedUnderWay(t *testing.T) {
	t.Parallel()
	f := fake(t, printertest.Fault{RollEnds: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := open(t, f.URL(patient)).Print(ctx, []byte(job), func(State) { cancel() })
	if trouble := Of(err); !trouble.Doubt || trouble.State != PaperOut || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := open(t, f.URL(patient)).Print(ctx, []byte(job), nil); Of(err).Doubt || len(f.Labels()) != 0 {
		t.Errorf("after the end: %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	plain := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"tcp://" + l.Addr().String(), "file://" + plain, "file:///dev/usb/no-such-printer"} {
		p := open(t, url)
		if _, err := p.Status(t.Context()); Of(err).State != Unreachable {
			t.Errorf("%s: %v", url, err)
		}
		if err := p.Print(t.Context(), []byte(job), nil); Of(err).State != Unreachable || Of(err).Doubt {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// A device file is written without blocking and read back; a printer that takes nothing does not hold up anybody.
func TestDevice(t *testing.T) {
	t.Parallel()
	master, slave := raw(t)
	p := open(t, "file://"+slave+"?"+patient)
	ended := make(chan error, 1)
	go func() { ended <- p.Print(t.Context(), []byte(job), nil) }()
	read := func(want string) {
		t.Helper()
		b := make([]byte, len(want))
		for n := 0; n < len(b); {
			k, err := master.Read(b[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
		if string(b) != want {
			t.Fatalf("the printer got %q, want %q", b, want)
		}
	}
	say := func(s string) {
		t.Helper()
		if _, err := master.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	read("~HS\r\n")
	say("\x02030,0,0,0240,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n")
	read(strings.TrimSpace(job))
	read("~HS\r\n")
	say("junk\x02030,0,0,0240,001,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000001,1,000\x03\r\n\x0212")
	say("34,0\x03\r\n")
	read("~HS\r\n")
	say("\x02030,0,0,0240,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	stuck := open(t, "file://"+slave+"?status=no&"+short)
	if err := stuck.Print(t.Context(), []byte(strings.Repeat(job, 10_000)), nil); Of(err).State != Mute || Of(err).Doubt {
		t.Errorf("a printer that takes nothing: %v", err)
	}
}

// raw makes a pseudo-terminal that passes bytes as they are, as usblp does.
func raw(t *testing.T) (master *os.File, slave string) {
	t.Helper()
	m, s, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close(); s.Close() })
	mode, err := unix.IoctlGetTermios(int(s.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	mode.Lflag, mode.Iflag, mode.Oflag = 0, 0, 0
	mode.Cc[unix.VMIN], mode.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(int(s.Fd()), unix.TCSETS, mode); err != nil {
		t.Fatal(err)
	}
	return m, s.Name()
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"tcp://host", "tcp://host:9100/x", "file://host/dev/lp0", "file:", "usb://x", "tcp://h:1?status=maybe", "tcp://h:1?timeout=1h", "tcp://h:1?timeout=x", ":"} {
		if p, err := New(bad); err == nil {
			t.Errorf("%s gave %+v", bad, p)
		}
	}
	if p := open(t, "tcp://10.0.0.9:9100?label=50x30&name=left"); p.Name != "left" || !p.Answers || p.Timeout != defaultTimeout {
		t.Errorf("%+v", p)
	}
	if p := open(t, "file:///dev/usb/lp0?status=no"); p.Name != "/dev/usb/lp0" || p.Answers {
		t.Errorf("%+v", p)
	}
}
