package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/backdock/backdock/cmd/station/attached"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/barcode"
	"github.com/backdock/backdock/scanner/logbook"
	"github.com/backdock/backdock/scanner/plug"
)

type captureCmd struct {
	Device string        `arg:"" help:"Scanner URL."`
	File   string        `arg:"" help:"Capture file to write, for a bug report or for station replay. It must not be there yet." type:"path"`
	For    time.Duration `help:"End after this long; otherwise with Ctrl-C." placeholder:"30s"`
}

func (c *captureCmd) Run(ctx context.Context, all *command) (err error) {
	codes, err := barcode.ReaderFrom(all.Couriers)
	if err != nil {
		return err
	}
	s, err := agent.Parse(c.Device)
	if err != nil {
		return err
	}
	if err := notTheAgents(ctx, all.Data, s); err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	devices, err := attached.List(plug.Roots{}, attached.All())
	if err != nil {
		devices = nil // not listed on this system: the capture is worth as much without
	}
	logs, err := logbook.Read(all.Data)
	if err != nil {
		return err
	}
	if err := captureHead(f, devices, logs[s.Name], clock.System{}.Now()); err != nil {
		return err
	}
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	fmt.Fprintf(os.Stderr, "Recording %s into %s. Scan the codes that make trouble, then press Ctrl-C.\n", s.Name, c.File)
	err = agent.Listen(ctx, s, codes, f, print)
	if ctx.Err() != nil {
		return nil // that is how it ends
	}
	return err
}

// notTheAgents refuses a scanner that the running agent has: as root a second program could open the port, and each would get half of the bytes.
func notTheAgents(ctx context.Context, dir string, s agent.Scanner) error {
	running, err := agent.Status(ctx, dir)
	if err != nil {
		return nil // nobody to ask: a port that is held refuses by itself
	}
	for _, d := range running.Devices {
		if d.URL == s.URL || sameTarget(d.URL, s.URL) {
			return fmt.Errorf("the agent has this scanner (%s): stop it while you record, or look at what it noted: station doctor --report FILE", d.Name)
		}
	}
	return nil
}

// sameTarget compares what two scanner URLs open, without what is about framing and names.
func sameTarget(a, b string) bool {
	return target(a) == target(b)
}

func target(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	q := u.Query()
	return strings.Join([]string{u.Scheme, u.Host, u.Path, u.Opaque, q.Get("vid"), q.Get("pid"), q.Get("sn"), q.Get("usb")}, "|")
}

// captureHead writes what a reader of the capture has to know besides the URL, as comments: the capture can be replayed as it is.
func captureHead(w io.Writer, devices []attached.Device, log []logbook.Entry, now time.Time) error {
	_, err := fmt.Fprintf(w, "# station %s, %s/%s, %s\n", version, runtime.GOOS, runtime.GOARCH, now.Format(time.RFC3339))
	for _, d := range devices {
		if err == nil && d.VID != "" {
			_, err = fmt.Fprintf(w, "# plugged in: %s %s:%s %s, driver %s\n", d.Short(), d.VID, d.PID, d.URL, d.Driver)
		}
	}
	for _, e := range log {
		if err == nil {
			_, err = fmt.Fprintf(w, "# log: %s %s %s %s %s\n", e.At.Format(time.RFC3339), e.What, e.Code, strings.Join(e.Flags, ","), strings.ReplaceAll(e.Detail, "\n", " "))
		}
	}
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}
