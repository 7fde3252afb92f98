package doctor

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"

	"github.com/backdock/backdock/cmd/station/attached"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/logbook"
	"github.com/backdock/backdock/scanner/plug/plugtest"
	"github.com/backdock/backdock/scanner/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeMachine is a computer as files: its devices by plugtest, all else below root.
type fakeMachine struct {
	t    *testing.T
	root string
	plug plugtest.Machine
	Machine
}

func newFake(t *testing.T) *fakeMachine {
	t.Helper()
	root, m := t.TempDir(), plugtest.New(t)
	f := &fakeMachine{t, root, m, Machine{Roots: m.Roots, Data: filepath.Join(root, "data"), Proc: filepath.Join(root, "proc"), Udev: []string{filepath.Join(root, "etc/udev/rules.d")},
		Listers: attached.All(), Clock: clock.System{}}}
	for _, dir := range []string{f.Data, f.Proc} {
		f.must(os.MkdirAll(dir, 0o755))
	}
	return f
}

func (f *fakeMachine) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fakeMachine) file(path, text string) {
	f.t.Helper()
	full := filepath.Join(f.root, path)
	f.must(errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)))
}

// link makes a link; to is taken as it is.
func (f *fakeMachine) link(path, to string) {
	f.t.Helper()
	full := filepath.Join(f.root, path)
	f.must(errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.Symlink(to, full)))
}

// attach plugs a serial scanner in.
func (f *fakeMachine) attach(vid, socket, name string) {
	f.t.Helper()
	f.plug.Attach(plugtest.Gun{VID: vid, PID: "0b6a", Product: "Area Scanner"}, socket, name, "")
}

// look gathers and judges, and returns the codes of what is found with the level's first letter.
func (f *fakeMachine) look() (Facts, string) {
	f.t.Helper()
	facts := f.Gather(f.t.Context())
	var out []string
	for _, found := range Examine(facts, "en") {
		if found.Text == "" || strings.ContainsAny(found.Text+found.Do, "{}") {
			f.t.Errorf("%s reads %q, %q", found.Code, found.Text, found.Do)
		}
		out = append(out, string(found.Level[0])+":"+found.Code)
	}
	return facts, strings.Join(out, " ")
}

func newServer(t *testing.T) *wiretest.Server {
	t.Helper()
	s := wiretest.New("secret-token")
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// A computer with all the usual troubles at once; each is named, with its holder where somebody holds something.
func TestTroubledMachine(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	server := newServer(t)
	f.Server, f.Token = server.URL(), "secret-token"
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	f.must(err)
	defer taken.Close()
	f.Page = taken.Addr().String()
	_, port, err := net.SplitHostPort(f.Page)
	f.must(err)
	var n int
	_, err = fmt.Sscan(port, &n)
	f.must(err)
	f.file("proc/net/tcp", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"+
		fmt.Sprintf("   0: 0100007F:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0\n", n)+
		fmt.Sprintf("   1: 0100007F:%04X 0100007F:1234 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0\n", n))
	f.file("proc/12/comm", "ModemManager\n")
	f.file("proc/34/comm", "minicom\n")
	f.link("proc/34/fd/3", f.plug.InDev("ttyACM0"))
	f.file("proc/56/comm", "nginx\n")
	f.link("proc/56/fd/4", "socket:[4711]")
	f.attach("0c2e", "1-1", "ttyACM0")
	f.attach("05e0", "1-2", "ttyACM1")
	f.attach("1eab", "1-3", "ttyACM2")
	f.attach("1eab", "1-4", "ttyACM3")
	keys := "devices/pci0000:00/usb1/1-5/1-5:1.0/input/input3"
	for path, value := range map[string]string{"devices/pci0000:00/usb1/1-5/idVendor": "05f9", keys + "/id/vendor": "05f9", keys + "/id/product": "2206", keys + "/name": "Gryphon",
		keys + "/capabilities/key": "1000000000007 ff800000000007ff febeffdff3cfffff fffffffffffffffe"} {
		f.plug.Attribute(path, value)
	}
	f.plug.Link("class/input/event3/device", keys)
	f.Devices = []string{"serial://?vid=0c2e&name=held", "serial://?vid=1eab&name=twins", "serial://?vid=080c&name=away", "tcp://127.0.0.1:1?name=net"}
	facts, got := f.look()
	want := "n:agent_none o:server_ok o:clock_ok W:page_taken W:scanner_busy W:scanner_ambiguous W:scanner_absent W:scanner_unreached W:scanner_keyboard W:scanner_unused W:scanner_unused W:scanner_unused W:modems_probe"
	if !strings.HasSuffix(got, want) {
		t.Errorf("found %s\nwant %s", got, want)
	}
	if h := facts.Holders[f.plug.InDev("ttyACM0")]; len(h) != 1 || h[0] != (Process{34, "minicom"}) {
		t.Errorf("the port is held by %v", h)
	}
	if len(facts.Page.Holders) != 1 || facts.Page.Holders[0] != (Process{56, "nginx"}) {
		t.Errorf("the page's address is held by %v", facts.Page.Holders)
	}

	// The same computer, mended.
	taken.Close()
	f.must(errors.Join(os.RemoveAll(filepath.Join(f.root, "proc/34")), os.RemoveAll(f.plug.InSys("class/input"))))
	f.file("etc/udev/rules.d/70-backdock.rules", "# rules\n")
	f.Devices = []string{"serial://?vid=0c2e", "serial://?vid=05e0", "serial://?usb=1-3", "serial://" + f.plug.InDev("ttyACM3")}
	want = "n:agent_none o:server_ok o:clock_ok o:scanner_free o:scanner_free o:scanner_free o:scanner_free o:modems_kept_off"
	if _, got = f.look(); !strings.HasSuffix(got, want) {
		t.Errorf("mended, found %s\nwant %s", got, want)
	}
}

func TestServerTroubles(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	if _, got := f.look(); !strings.Contains(got, "W:not_enrolled") || !strings.Contains(got, "W:none_configured") {
		t.Errorf("found %s", got)
	}
	server := newServer(t)
	f.Server, f.Token = server.URL(), "old-token"
	if _, got := f.look(); !strings.Contains(got, "W:token_refused") {
		t.Errorf("found %s", got)
	}
	f.Server += "/elsewhere"
	if _, got := f.look(); !strings.Contains(got, "W:server_ill") {
		t.Errorf("found %s", got)
	}
	server.Stop()
	f.Server = server.URL()
	if _, got := f.look(); !strings.Contains(got, "W:server_away") {
		t.Errorf("found %s", got)
	}
	f.Data = filepath.Join(f.root, "nowhere")
	if _, got := f.look(); !strings.Contains(got, "W:data_missing") {
		t.Errorf("found %s", got)
	}
	if _, err := os.Stat(f.Data); err == nil {
		t.Error("looking made a data directory, of whoever looked")
	}
}

// A running agent is asked; its scanners count; its line is not knocked at, which would end it.
func TestRunningAgent(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	server := newServer(t)
	f.Server, f.Token, f.Page = server.URL(), "secret-token", ""
	master, slave, err := pty.Open()
	f.must(err)
	defer master.Close()
	defer slave.Close()
	scanners, err := agent.ParseAll([]string{"serial://" + slave.Name() + "?name=gun"})
	f.must(err)
	a, err := agent.New(agent.Config{Dir: f.Data, Server: f.Server, Token: f.Token, Version: "test", Lang: "zh", Page: "127.0.0.1:0", Scanners: scanners, Clock: clock.System{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	f.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	f.must(server.WaitHellos(t.Context(), 1))
	f.Proc = "/proc" // the agent is this process: the real table must name it and nobody else
	var facts Facts
	var got string
	const want = "o:agent_ok o:server_ok o:clock_ok o:scanner_held"
	for begin := time.Now(); ; { // the agent's page and port may need a moment
		if facts, got = f.look(); strings.Contains(got, want) {
			break
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("found %s\nwant %s", got, want)
		}
	}
	if facts.Agent.PID != os.Getpid() {
		t.Errorf("the agent is process %d", facts.Agent.PID)
	}
	report(t, facts, f.Token)
	cancel()
	f.must(<-done)
	if n := len(server.Producers()); n != 1 {
		t.Errorf("%d producers said hello", n)
	}
	if _, got := f.look(); !strings.Contains(got, "n:agent_none") {
		t.Errorf("after its end, found %s", got)
	}
}

// report checks that a bug report has what helps, and nothing that is secret or a buyer's.
func report(t *testing.T, facts Facts, token string) {
	t.Helper()
	facts.Logs["左/枪"] = []logbook.Entry{{What: logbook.Code, Code: "690"}}
	facts.Agent.State.Recent = []agent.LocalScan{{Data: "buyer's secret"}}
	facts.Agent.State.Notices = append(facts.Agent.State.Notices, agent.Notice{Code: agent.NoticeResumed, Data: "buyer's secret"})
	path := filepath.Join(t.TempDir(), "report.zip")
	if err := WriteReport(path, "test", facts, Examine(facts, "zh")); err != nil {
		t.Fatal(err)
	}
	if err := WriteReport(path, "test", facts, nil); err == nil {
		t.Error("a report was overwritten")
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	names := map[string]bool{}
	for _, file := range z.File {
		names[file.Name] = true
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil || !json.Valid(b) {
			t.Errorf("%s: %v", file.Name, err)
		}
		if strings.Contains(string(b), token) || strings.Contains(string(b), "secret") {
			t.Errorf("%s tells a secret:\n%s", file.Name, b)
		}
	}
	for _, want := range []string{"findings.json", "devices.json", "agent.json", "logs/gun.json", "logs/%E5%B7%A6%2F%E6%9E%AA.json"} {
		if !names[want] {
			t.Errorf("no %s in %v", want, names)
		}
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	found := Examine(Facts{Data: DataDir{Dir: "/d", Missing: true}, Enrolled: true, Server: Server{URL: "https://b", Status: 200}}, "zh")
	if err := Print(&out, found); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); !strings.HasPrefix(s, "WRONG 数据目录 /d 不存在。\n      → 用 --data") || !strings.Contains(s, "\nok    https://b ") {
		t.Errorf("printed\n%s", s)
	}
	if n := Bad(found); n != 2 { // no directory, no scanner
		t.Errorf("%d are bad", n)
	}
}
