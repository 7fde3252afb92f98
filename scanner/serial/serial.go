package serial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.bug.st/serial"
)

const (
	// scanPause is how often a missing port is looked for.
	scanPause = 300 * time.Millisecond
	// readTimeout bounds one read of the library, so that Close never pulls the descriptor away from under a read.
	readTimeout = 200 * time.Millisecond
)

// Driver opens one serial port.
type Driver struct {
	Path string // device file, or empty to look for Match
	Match
	Mode serial.Mode
	Sys  string // root of sysfs; "/sys" when empty
}

// Match names a USB device. Empty fields match anything, but one must be set.
type Match struct{ VID, PID, Serial string }

// New reads a serial: URL. It opens nothing.
func New(u *url.URL) (*Driver, error) {
	d := &Driver{Path: u.Path, Mode: serial.Mode{BaudRate: 9600, DataBits: 8}}
	if u.Opaque != "" {
		d.Path = u.Opaque
	}
	if u.Host != "" {
		return nil, fmt.Errorf("serial URL %q: write serial:///dev/… with three slashes, or serial:COM5", u)
	}
	q := u.Query()
	d.Match = Match{VID: strings.ToLower(q.Get("vid")), PID: strings.ToLower(q.Get("pid")), Serial: q.Get("sn")}
	if d.Path == "" && d.Match == (Match{}) {
		return nil, fmt.Errorf("serial URL %q names no port: give a device file, or vid, pid and sn", u)
	}
	if d.Path != "" && d.Match != (Match{}) {
		return nil, fmt.Errorf("serial URL %q names a device file and a USB device: choose one", u)
	}
	return d, d.mode(q)
}

func (d *Driver) mode(q url.Values) error {
	var err error
	if s := q.Get("baud"); s != "" {
		if d.Mode.BaudRate, err = strconv.Atoi(s); err != nil || d.Mode.BaudRate < 50 {
			return fmt.Errorf("baud=%q: want a line rate such as 9600", s)
		}
	}
	if s := q.Get("bits"); s != "" {
		if d.Mode.DataBits, err = strconv.Atoi(s); err != nil || d.Mode.DataBits < 5 || d.Mode.DataBits > 8 {
			return fmt.Errorf("bits=%q: want 5 to 8", s)
		}
	}
	parities := map[string]serial.Parity{"": serial.NoParity, "none": serial.NoParity, "odd": serial.OddParity, "even": serial.EvenParity, "mark": serial.MarkParity, "space": serial.SpaceParity}
	stops := map[string]serial.StopBits{"": serial.OneStopBit, "1": serial.OneStopBit, "1.5": serial.OnePointFiveStopBits, "2": serial.TwoStopBits}
	var ok bool
	if d.Mode.Parity, ok = parities[q.Get("parity")]; !ok {
		return fmt.Errorf("parity=%q: want none, odd, even, mark or space", q.Get("parity"))
	}
	if d.Mode.StopBits, ok = stops[q.Get("stop")]; !ok {
		return fmt.Errorf("stop=%q: want 1, 1.5 or 2", q.Get("stop"))
	}
	return nil
}

// Open waits until the port is there and opens it. An error that is not the context's says why a port that is there cannot be used.
func (d *Driver) Open(ctx context.Context) (io.ReadWriteCloser, error) {
	for {
		path, err := d.find()
		if err != nil {
			return nil, err
		}
		if path != "" {
			s, err := d.open(path)
			if !errors.Is(err, fs.ErrNotExist) {
				return s, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(scanPause):
		}
	}
}

// find names the device file, empty while the device is not there.
func (d *Driver) find() (string, error) {
	if d.Path != "" {
		return d.Path, nil
	}
	ports, err := List(d.sys())
	if err != nil {
		return "", err
	}
	var found []Port
	for _, p := range ports {
		if (d.VID == "" || d.VID == p.VID) && (d.PID == "" || d.PID == p.PID) && (d.Serial == "" || d.Serial == p.Serial) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0].Path, nil
	}
	return "", fmt.Errorf("%d ports match (%s and %s): add sn= to tell them apart; station devices lists them", len(found), found[0].Path, found[1].Path)
}

func (d *Driver) sys() string {
	if d.Sys != "" {
		return d.Sys
	}
	return "/sys"
}

func (d *Driver) open(path string) (io.ReadWriteCloser, error) {
	port, err := serial.Open(path, &d.Mode) // InitialStatusBits stays nil: a pty has no modem lines and refuses them
	if err != nil {
		return nil, explain(path, err)
	}
	// What came before the line was set up may have been translated, and may be half a code.
	if err := errors.Join(port.SetReadTimeout(readTimeout), port.ResetInputBuffer()); err != nil {
		return nil, errors.Join(fmt.Errorf("set up %s: %w", path, err), port.Close())
	}
	return &stream{port: port, name: filepath.Base(path)}, nil
}

func explain(path string, err error) error {
	var pe *serial.PortError
	if !errors.As(err, &pe) {
		return fmt.Errorf("open %s: %w", path, err) // a missing file comes as it is
	}
	switch pe.Code() {
	case serial.PermissionDenied:
		return fmt.Errorf("%s: no permission; add this user to the group that owns the port (dialout), or install the udev rule: %w", path, err)
	case serial.PortBusy:
		return fmt.Errorf("%s: another program holds the port; close it (ModemManager does this for ten seconds after plugging in): %w", path, err)
	case serial.PortNotFound:
		return fmt.Errorf("open %s: %w", path, fs.ErrNotExist)
	case serial.InvalidSpeed, serial.InvalidDataBits, serial.InvalidParity, serial.InvalidStopBits:
		return fmt.Errorf("%s: the port does not take this baud, bits, parity or stop: %w", path, err)
	}
	return fmt.Errorf("open %s: %w", path, err)
}
