package serial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.bug.st/serial"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner/plug"
)

const (
	// readTimeout bounds one read of the library, so that Close never pulls the descriptor away from under a read.
	readTimeout = 200 * time.Millisecond
	// udevNeeds is how long udev may take over a device: until a new device file has the permissions of its rules, until a link is written anew.
	udevNeeds = 1500 * time.Millisecond
)

// Faults an operator can mend.
const (
	CodeAmbiguous = "scanner_ambiguous" // two devices fit the URL
	CodeDenied    = "port_denied"       // no permission
	CodeBusy      = "port_busy"         // another program holds the port
	CodeMode      = "port_mode"         // the port does not take the line settings
)

// Driver opens one serial port.
type Driver struct {
	Path string // device file, or empty to look for Match
	Match
	Mode  serial.Mode
	Watch plug.Config // where devices are, and how they are looked for
}

// socket is what usb= takes: bus, ports of hubs, and perhaps configuration and interface.
var socket = regexp.MustCompile(`^\d+-\d+(\.\d+)*(:\d+\.\d+)?$`)

var hexID = regexp.MustCompile(`^[0-9a-f]{4}$`)

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
	d.Match = Match{VID: strings.ToLower(q.Get("vid")), PID: strings.ToLower(q.Get("pid")), Serial: q.Get("sn"), USB: q.Get("usb")}
	if d.Path == "" && d.Match == (Match{}) {
		return nil, fmt.Errorf("serial URL %q names no port: give a device file, or vid, pid and sn", u)
	}
	if d.Path != "" && d.Match != (Match{}) {
		return nil, fmt.Errorf("serial URL %q names a device file and a USB device: choose one", u)
	}
	for _, id := range []string{d.VID, d.PID} {
		if id != "" && !hexID.MatchString(id) {
			return nil, fmt.Errorf("serial URL %q: %q is no vendor or product id: want four hex digits, as station devices lists them", u, id)
		}
	}
	if d.USB != "" && !socket.MatchString(d.USB) {
		return nil, fmt.Errorf("serial URL %q: usb=%q: want a socket such as 1-2.3, as station devices lists them", u, d.USB)
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

// Open waits until the port is there and opens it. An error that is not the context's says why a port that is there cannot be used: a fault with one of
// the codes above where an operator can do something.
func (d *Driver) Open(ctx context.Context) (io.ReadWriteCloser, error) {
	config := d.Watch
	if d.Path != "" {
		config.Files = append(slices.Clone(config.Files), d.Path)
	}
	watch := plug.Start(config) // before the first look, so that nothing comes in between
	defer watch.Close()
	s, err := d.await(ctx, watch)
	if err != nil {
		return nil, err
	}
	s.guard(config)
	return s, nil
}

// await tries to open the port at every change until it is there.
func (d *Driver) await(ctx context.Context, watch *plug.Watch) (*stream, error) {
	refused := time.Duration(0) // how long the port has been there without permission
	for {
		s, err := d.try()
		var retry <-chan time.Time
		switch {
		case err == nil:
			return s, nil
		case errors.Is(err, fs.ErrNotExist):
		case fault.Code(err) == CodeDenied && refused < udevNeeds:
			const pause = udevNeeds / 10
			refused += pause
			retry = time.After(pause)
		default:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-watch.Changed():
		case <-retry:
		}
	}
}

// try opens the port if it is there; fs.ErrNotExist if not.
func (d *Driver) try() (*stream, error) {
	path, err := d.Locate()
	if err != nil {
		return nil, err
	}
	patient := time.Duration(0)
	if d.Path != "" {
		patient = udevNeeds // it may be a link, which udev takes away for a moment when it writes it anew
	}
	who := identify(path, patient) // before opening: if the device is exchanged in between, the guard notices
	port, err := d.open(path)
	if err != nil {
		return nil, err
	}
	return newStream(port, path, who), nil
}

// Locate names the device file that the URL means now: fs.ErrNotExist while no device fits, CodeAmbiguous when several do. A path is taken as it is.
func (d *Driver) Locate() (string, error) {
	if d.Path != "" {
		return d.Path, nil
	}
	ports, err := List(d.Watch.Roots)
	if err != nil {
		return "", err
	}
	found := d.Match.among(ports)
	switch len(found) {
	case 0:
		return "", fmt.Errorf("serial port of %s: %w", d.Match, fs.ErrNotExist)
	case 1:
		return found[0].Path, nil
	}
	return "", ambiguous(d.Match, found)
}

// ambiguous says which parameters tell the devices apart.
func ambiguous(m Match, found []Port) error {
	var each []string
	urls := map[string]bool{}
	for _, p := range found {
		u := strings.TrimPrefix(p.URL(found), "serial://?")
		urls[u] = true
		each = append(each, fmt.Sprintf("%s is %s", filepath.Base(p.Path), u))
	}
	if len(urls) < len(found) {
		each = append(each, "give the /dev/serial/by-path name instead") // no sysfs of today; then nothing tells them apart here
	}
	return fault.New(fault.Conflict, CodeAmbiguous, "%d scanners match %s; give sn= or usb= in the scanner's URL: %s", len(found), m, strings.Join(each, ", "))
}

func (d *Driver) open(path string) (serial.Port, error) {
	port, err := serial.Open(path, &d.Mode) // InitialStatusBits stays nil: a pty has no modem lines and refuses them
	if err != nil {
		return nil, explain(path, err)
	}
	// What came before the line was set up may have been translated, and may be half a code.
	if err := errors.Join(port.SetReadTimeout(readTimeout), port.ResetInputBuffer()); err != nil {
		return nil, errors.Join(fmt.Errorf("set up %s: %w", path, err), port.Close())
	}
	return port, nil
}

func explain(path string, err error) error {
	var pe *serial.PortError
	if !errors.As(err, &pe) {
		return fmt.Errorf("open %s: %w", path, err) // a missing file comes as it is
	}
	switch pe.Code() {
	case serial.PermissionDenied:
		return fault.New(fault.Denied, CodeDenied, "%s: no permission; run station install, or add this user to the group that owns the port (dialout): %w", path, err)
	case serial.PortBusy:
		return fault.New(fault.Conflict, CodeBusy, "%s: another program holds the port; close it (station doctor names it; ModemManager lets go after ten seconds): %w", path, err)
	case serial.PortNotFound:
		return fmt.Errorf("open %s: %w", path, fs.ErrNotExist)
	case serial.InvalidSpeed, serial.InvalidDataBits, serial.InvalidParity, serial.InvalidStopBits:
		return fault.New(fault.Invalid, CodeMode, "%s: the port does not take this baud, bits, parity or stop: %w", path, err)
	}
	return fmt.Errorf("open %s: %w", path, err)
}
