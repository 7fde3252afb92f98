package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/serial"
)

type doctorCmd struct{}

func (doctorCmd) Run(ctx context.Context, c *command) error {
	d := doctor{data: c.Data, sys: "/sys", proc: "/proc", out: os.Stdout}
	d.examine(ctx)
	if d.bad > 0 {
		return fmt.Errorf("things that need attention: %d", d.bad)
	}
	return nil
}

// doctor looks for what usually keeps a station from working. It opens no port and changes nothing but a file of its own in the data directory.
type doctor struct {
	data, sys, proc string
	out             io.Writer
	bad             int
}

const (
	slowSync   = 20 * time.Millisecond // a bench scans five codes a second at most; beyond this the beep is felt late
	clockDrift = 30 * time.Second
)

func (d *doctor) examine(ctx context.Context) {
	d.disk()
	d.running(ctx)
	d.server(ctx)
	d.ports()
	d.modemManager()
}

func (d *doctor) ok(format string, args ...any) { fmt.Fprintf(d.out, "ok    "+format+"\n", args...) }

func (d *doctor) wrong(format string, args ...any) {
	d.bad++
	fmt.Fprintf(d.out, "WRONG "+format+"\n", args...)
}

// disk measures what every scan waits for.
func (d *doctor) disk() {
	if err := os.MkdirAll(d.data, 0o700); err != nil {
		d.wrong("the data directory cannot be made: %v", err)
		return
	}
	f, err := os.CreateTemp(d.data, "doctor-*")
	if err != nil {
		d.wrong("the data directory cannot be written: %v", err)
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var took []int64
	for range 15 {
		begin := clock.Mono()
		_, err := f.Write(make([]byte, 300))
		if err = errors.Join(err, f.Sync()); err != nil {
			d.wrong("the disk fails: %v", err)
			return
		}
		took = append(took, clock.Mono()-begin)
	}
	slices.Sort(took)
	if p50 := time.Duration(took[len(took)/2]) * time.Microsecond; p50 > slowSync {
		d.wrong("a sync of the disk takes %v: every beep waits for one; use a local disk", p50)
	} else {
		d.ok("a sync of the disk takes %v", p50)
	}
}

func (d *doctor) running(ctx context.Context) {
	s, err := agent.Status(ctx, d.data)
	if err != nil {
		d.ok("no agent to ask: %v", err)
		return
	}
	d.ok("the agent runs; %d scans queued, %d plates left", s.Link.Queued, s.PlatesLeft)
	if s.Link.Problem != "" {
		d.wrong("the agent's link: %s", s.Link.Problem)
	}
	for _, v := range s.Devices {
		if v.Detail != "" {
			d.wrong("scanner %s is %s: %s", v.Name, v.State, v.Detail)
		}
	}
}

// server asks whether the server answers, and how far the clocks are apart.
func (d *doctor) server(ctx context.Context) {
	e, err := loadEnrolment(d.data)
	if err != nil {
		d.wrong("this computer is not enrolled: station enroll --server URL --code CODE")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.Server+"/healthz", nil)
	if err != nil {
		d.wrong("the server's address: %v", err)
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.wrong("the server does not answer: %v; scanning works on, and scans are kept", err)
		return
	}
	resp.Body.Close()
	d.ok("%s answers", e.Server)
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		if apart := (clock.System{}).Now().Sub(at); apart.Abs() > clockDrift {
			d.wrong("this computer's clock is %v off: set it by NTP", apart.Round(time.Second))
		}
	}
}

// ports looks at each serial port from outside.
func (d *doctor) ports() {
	ports, err := serial.List(plug.Roots{Sys: d.sys})
	if err != nil {
		d.ok("serial ports are not listed here: %v", err)
		return
	}
	if len(ports) == 0 {
		d.wrong("no serial port: is the scanner in USB-COM mode? Its manual has a set-up code for it")
	}
	holders := d.holders()
	for _, p := range ports {
		what := strings.TrimSpace(p.Path + " " + p.Product)
		switch err := accessible(p.Path); {
		case errors.Is(err, fs.ErrPermission):
			d.wrong("%s: no permission; add this user to the group that owns it (dialout) and log in again", what)
		case err != nil:
			d.wrong("%s: %v", what, err)
		case len(holders[p.Path]) > 0:
			d.ok("%s: held by %s", what, strings.Join(holders[p.Path], ", "))
		default:
			d.ok("%s: free; --device '%s'", what, p.URL(ports))
		}
	}
}

// holders names the programs that have device files open, as far as this user may see them.
func (d *doctor) holders() map[string][]string {
	out := map[string][]string{}
	fds, err := filepath.Glob(filepath.Join(d.proc, "[0-9]*", "fd", "*"))
	if err != nil {
		return out
	}
	for _, fd := range fds {
		path, err := os.Readlink(fd)
		if err != nil || !strings.HasPrefix(path, "/dev/tty") {
			continue
		}
		dir := filepath.Dir(filepath.Dir(fd))
		who := d.program(dir) + " (process " + filepath.Base(dir) + ")"
		if !slices.Contains(out[path], who) {
			out[path] = append(out[path], who)
		}
	}
	return out
}

func (d *doctor) program(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, "comm"))
	if err != nil {
		return "a program"
	}
	return strings.TrimSpace(string(b))
}

// modemManager takes every new USB port for some seconds to look for a modem, and sends it commands.
func (d *doctor) modemManager() {
	dirs, err := filepath.Glob(filepath.Join(d.proc, "[0-9]*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		if d.program(dir) == "ModemManager" {
			d.wrong("ModemManager runs and takes new ports for some seconds: install the udev rule of docs/station.md")
			return
		}
	}
}
