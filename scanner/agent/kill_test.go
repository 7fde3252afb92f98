//go:build linux

package agent

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/printer"
	"github.com/backdock/backdock/scanner/serial"
	"github.com/backdock/backdock/scanner/sticker"
	"github.com/backdock/backdock/scanner/wire/wiretest"
)

// The child reads its directory, server and scanner from here.
const childEnv = "BACKDOCK_TEST_AGENT"

func child() {
	f := strings.Split(os.Getenv(childEnv), " ")
	var label *printer.Printer
	var roots plug.Roots
	var urls []string
	for _, arg := range f[2:] {
		switch key, value, _ := strings.Cut(arg, "="); key {
		case "printer":
			var err error
			if label, err = printer.New(value); err != nil {
				panic(err)
			}
		case "machine":
			roots.Sys, roots.Dev, _ = strings.Cut(value, ":")
		default:
			urls = append(urls, arg)
		}
	}
	scanners, err := ParseAll(urls)
	if err != nil {
		panic(err)
	}
	for _, s := range scanners {
		if d, ok := s.Driver.(*serial.Driver); ok && roots.Sys != "" {
			d.Watch.Roots, d.Watch.Fast = roots, 2*time.Millisecond
		}
	}
	go tellVitals(f[0])
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	a, err := New(Config{Dir: f[0], Server: f[1], Token: "token", Version: "test", Lang: "zh", Page: "127.0.0.1:0", Web: builtPage, Scanners: scanners,
		Printer: label, Format: sticker.Default(), Clock: clock.System{}, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		panic(err)
	}
	if err := a.Run(ctx); err != nil {
		panic(err)
	}
}

// process is one life of the agent.
type process struct {
	cmd   *exec.Cmd
	ready chan struct{} // the scanners are open
	ended chan struct{}
	err   error
	log   strings.Builder
	mu    sync.Mutex
}

func launch(t *testing.T, dir string, server *wiretest.Server, g *gun, point string, more ...string) *process {
	t.Helper()
	return launchAll(t, dir, server, point, more, g)
}

// launchAll starts the agent on several scanners; it is ready when all are open.
func launchAll(t *testing.T, dir string, server *wiretest.Server, point string, more []string, guns ...*gun) *process {
	t.Helper()
	args := []string{dir, server.URL()}
	for i, g := range guns {
		g.release(t)
		args = append(args, g.url(fmt.Sprintf("-%d", i)))
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(self), ready: make(chan struct{}), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), childEnv+"="+strings.Join(append(args, more...), " "), killpoint.Env+"="+point)
	out, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		lines := bufio.NewScanner(out)
		opened := map[string]bool{}
		for lines.Scan() {
			p.mu.Lock()
			p.log.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
			if _, name, ok := strings.Cut(lines.Text(), "device=gun-"); ok && strings.Contains(name, "state=connected") && !opened[name[:1]] {
				opened[name[:1]] = true
				if len(opened) == len(guns) {
					close(p.ready)
				}
			}
		}
		p.err = p.cmd.Wait()
	}()
	return p
}

// up waits until the scanner is open, or the process has ended.
func (p *process) up() bool {
	select {
	case <-p.ready:
		return true
	case <-p.ended:
		return false
	}
}

// The agent is killed at each of its kill points and started again, on the same directory and the same scanner. A code without a beep is scanned again, as
// a clerk would. At the end each code that beeped has arrived, and exactly one arrival of it is not marked as a repetition.
func TestKilledAnywhere(t *testing.T) {
	server := newServer(t)
	server.View = func() *scanner.BenchView { return &scanner.BenchView{Version: 1} }
	g := newGun(t)
	dir := t.TempDir()
	var points []string
	for _, name := range killpoint.Names {
		for _, prefix := range []string{"journal.a", "journal.w", "journal.s", "outcomes.", "plates.", "uplink.", "agent."} {
			if strings.HasPrefix(name, prefix) {
				points = append(points, name+":1", name+":3")
			}
		}
	}
	if len(points) < 20 {
		t.Fatalf("only %d kill points: %v", len(points), points)
	}
	beeped := []string{}
	next := 0
	for _, point := range points {
		p := launch(t, dir, server, g, point)
		died := false
		for range 120 {
			code := fmt.Sprintf("code %d", next)
			if !p.up() || !shoot(g, p, code) {
				died = true
				break
			}
			beeped = append(beeped, code)
			next++
		}
		if !died {
			t.Fatalf("%s: 120 scans and the agent lives", point)
		}
		if p.err == nil || !strings.Contains(p.err.Error(), "killed") {
			t.Fatalf("%s: the agent ended with %v\n%s", point, p.err, p.log.String())
		}
	}
	p := launch(t, dir, server, g, "")
	if !p.up() || !shoot(g, p, fmt.Sprintf("code %d", next)) {
		t.Fatalf("the last life: %v", p.err)
	}
	beeped = append(beeped, fmt.Sprintf("code %d", next))
	if err := server.WaitScans(t.Context(), len(beeped)); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(t.Context(), "the last code", func(scans []scanner.Scan) bool { return scans[len(scans)-1].Data == beeped[len(beeped)-1] }); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if p.err != nil {
		t.Fatalf("the last life ended with %v\n%s", p.err, p.log.String())
	}
	counted, plates := map[string]int{}, map[string]bool{}
	repeats := 0
	for _, s := range server.Scans() {
		if s.Has(scanner.RepeatAfterRestart) {
			repeats++
		} else {
			counted[s.Data]++
		}
		if s.Plate != "" && plates[s.Plate] {
			t.Errorf("plate %s came twice", s.Plate)
		}
		plates[s.Plate] = true
	}
	for _, code := range beeped {
		if counted[code] != 1 {
			t.Errorf("%q beeped and is counted %d times", code, counted[code])
		}
	}
	if len(counted) != len(beeped) {
		t.Errorf("%d codes counted, %d beeped", len(counted), len(beeped))
	}
	if repeats == 0 {
		t.Error("no scan was safe without a beep: the kill points after the sync were not hit")
	}
	t.Logf("%d lives, %d codes, %d repeats", len(points)+1, len(beeped), repeats)
}

// shoot scans a code and reports whether it beeped before the agent died.
func shoot(g *gun, p *process, code string) bool {
	g.send("\r" + code + "\r") // the empty frame is the clean start after opening
	select {
	case b := <-g.beeps:
		return b == good
	case <-p.ended:
		return slices.Contains(g.rest(), good)
	}
}

// rest returns the beeps of a dead agent that are still on the line: a mark is sent behind them from the agent's end.
func (g *gun) rest() []byte {
	g.t.Helper()
	const mark = 0xff
	if _, err := g.slave.Write([]byte{mark}); err != nil {
		g.t.Fatal(err)
	}
	var out []byte
	for b := g.beep(); b != mark; b = g.beep() {
		out = append(out, b)
	}
	return out
}
