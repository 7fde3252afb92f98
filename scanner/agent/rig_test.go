//go:build linux

package agent

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire/wiretest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	good = 0x06
	bad  = 0x15
)

// gun is a virtual scanner on a pseudo-terminal that is answered ACK and NAK.
type gun struct {
	t      *testing.T
	master *os.File
	slave  *os.File // kept open, so that the master lives on while no agent has the port
	beeps  chan byte
}

func newGun(t *testing.T) *gun {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	// The library leaves the master blocking: Close would wait for a Read that waits for the agent.
	fd, err := unix.Dup(int(master.Fd()))
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(fd)
	master.Close()
	master = os.NewFile(uintptr(fd), master.Name())
	g := &gun{t: t, master: master, slave: slave, beeps: make(chan byte, 1024)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 64)
		for {
			n, err := master.Read(b)
			for _, c := range b[:n] {
				g.beeps <- c
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { g.unplug(); <-done })
	return g
}

func (g *gun) port() string { return g.slave.Name() }

// unplug takes the scanner away.
func (g *gun) unplug() { g.master.Close(); g.slave.Close() }

// release lets the port be opened again after its user was killed: the kernel forgets exclusive use with the last descriptor, and the test holds one.
func (g *gun) release(t *testing.T) {
	t.Helper()
	if err := unix.IoctlSetInt(int(g.slave.Fd()), unix.TIOCNXCL, 0); err != nil {
		t.Fatal(err)
	}
}

func (g *gun) url(query string) string {
	return "serial://" + g.port() + "?beep=acknak&name=gun" + query // "-2" for a second name, "&…" for parameters
}

func (g *gun) send(raw string) {
	g.t.Helper()
	if _, err := io.WriteString(g.master, raw); err != nil {
		g.t.Fatal(err)
	}
}

// beep waits for the agent's answer.
func (g *gun) beep() byte {
	g.t.Helper()
	select {
	case b := <-g.beeps:
		return b
	case <-time.After(20 * time.Second):
		g.t.Fatal("no beep after 20 s")
		return 0
	}
}

// scan sends a code and wants the good beep.
func (g *gun) scan(data string) {
	g.t.Helper()
	g.send(data + "\r")
	if b := g.beep(); b != good {
		g.t.Fatalf("%q was answered %#x", data, b)
	}
}

// rig is an agent in this process with its server.
type rig struct {
	*testing.T
	dir    string
	server *wiretest.Server
	agent  *Agent
	stop   func()
}

func newServer(t *testing.T) *wiretest.Server {
	t.Helper()
	s := wiretest.New("token")
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Stop()
		if got := s.Breaches(); len(got) > 0 {
			t.Errorf("the station broke the protocol: %v", got)
		}
	})
	return s
}

var builtPage = fstest.MapFS{
	"station.html":        {Data: []byte("<!doctype html><title>station</title>")},
	"assets/app-1a2b.js":  {Data: []byte("export {}")},
	"assets/app-1a2b.css": {Data: []byte("body{}")},
}

// newRig starts an agent in dir with these scanners and waits until they are open.
func newRig(t *testing.T, dir string, server *wiretest.Server, urls ...string) *rig {
	t.Helper()
	return newRigWith(t, dir, server, nil, urls...)
}

// newRigWith starts an agent with more than scanners.
func newRigWith(t *testing.T, dir string, server *wiretest.Server, more func(*Config), urls ...string) *rig {
	t.Helper()
	scanners, err := ParseAll(urls)
	if err != nil {
		t.Fatal(err)
	}
	conf := Config{Dir: dir, Server: server.URL(), Token: "token", Station: "ST-3", Bench: "3 号收货台", Version: "test", Lang: "zh", Page: "127.0.0.1:0", Web: builtPage, Scanners: scanners,
		Clock: clock.System{}, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	if more != nil {
		more(&conf)
	}
	r := startRig(t, conf, server)
	for _, s := range scanners {
		r.device(s.Name, scanner.DeviceConnected)
	}
	return r
}

func startRig(t *testing.T, conf Config, server *wiretest.Server) *rig {
	t.Helper()
	a, err := New(conf)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	r := &rig{T: t, dir: conf.Dir, server: server, agent: a}
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(r.stop)
	return r
}

// until waits for a state of the agent. The page's socket would tell changes; polling the state itself leaves the page out of tests that are not about it.
func (r *rig) until(what string, ok func(State) bool) State {
	r.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		s := r.agent.State()
		if ok(s) {
			return s
		}
		select {
		case <-tick.C:
		case <-deadline:
			r.Fatalf("no %s after 20 s: %+v", what, s)
		}
	}
}

func (r *rig) device(name string, want scanner.DeviceState) {
	r.Helper()
	r.until(fmt.Sprintf("%s %s", name, want), func(s State) bool {
		for _, d := range s.Devices {
			if d.Name == name {
				return d.State == want
			}
		}
		return false
	})
}

// settled waits until everything scanned has its outcome.
func (r *rig) settled() State {
	r.Helper()
	return r.until("outcome for everything", func(s State) bool {
		return s.Link.Queued == 0 && (len(s.Recent) == 0 || s.Recent[0].Lights.Applied)
	})
}

func (r *rig) noticed(code string) Notice {
	r.Helper()
	var found Notice
	r.until("notice "+code, func(s State) bool {
		for _, n := range s.Notices {
			if n.Code == code {
				found = n
				return true
			}
		}
		return false
	})
	return found
}

func flags(s scanner.Scan) string {
	var out []string
	for _, f := range s.Flags {
		out = append(out, string(f))
	}
	return strings.Join(out, " ")
}

// link makes a path that can be pointed at one port after the other, as /dev/serial/by-id does.
type link struct {
	t    *testing.T
	path string
}

func newLink(t *testing.T) link { return link{t, filepath.Join(t.TempDir(), "scanner")} }

func (l link) to(port string) {
	l.t.Helper()
	if err := os.Symlink(port, l.path+".new"); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Rename(l.path+".new", l.path); err != nil {
		l.t.Fatal(err)
	}
}
