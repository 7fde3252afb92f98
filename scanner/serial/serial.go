package serial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"go.bug.st/serial"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/usb"
)

// readTimeout bounds one read of the library, so that Close never pulls the descriptor away from under a read.
const readTimeout = 200 * time.Millisecond

// Faults an operator can mend.
const (
	CodeDenied = string(scanner.DevicePort)     // no permission
	CodeBusy   = string(scanner.DevicePortBusy) // another program holds the port
	CodeMode   = string(scanner.DevicePortMode) // the port does not take the line settings
)

// Driver opens one serial port.
type Driver struct {
	Path string // device file, or empty to look for Match
	usb.Match
	Mode  serial.Mode
	Watch plug.Config // where devices are, and how they are looked for
}

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
	var err error
	if d.Match, err = usb.FromQuery(q); err != nil {
		return nil, fmt.Errorf("serial URL %q: %w", u, err)
	}
	if d.Path == "" && d.Match == (usb.Match{}) {
		return nil, fmt.Errorf("serial URL %q names no port: give a device file, or vid, pid and sn", u)
	}
	if d.Path != "" && d.Match != (usb.Match{}) {
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

// Open waits until the port is there and opens it. An error that is not the context's says why a port that is there cannot be used: a fault with one of
// the codes above where an operator can do something.
func (d *Driver) Open(ctx context.Context) (io.ReadWriteCloser, error) {
	config := d.Watch
	if d.Path != "" {
		config.Files = append(slices.Clone(config.Files), d.Path)
	}
	watch := plug.Start(config) // before the first look, so that nothing comes in between
	defer watch.Close()
	var who *plug.Identity
	s, err := usb.Await(ctx, watch, func() (s *stream, err error) {
		s, who, err = d.try()
		return s, err
	})
	if err != nil {
		return nil, err
	}
	s.unguard = plug.Guard(config, who, func() { s.gone.Store(true) })
	return s, nil
}

// try opens the port if it is there; fs.ErrNotExist if not.
func (d *Driver) try() (*stream, *plug.Identity, error) {
	path, err := d.Locate()
	if err != nil {
		return nil, nil, err
	}
	who := usb.Identify(path, d.Path != "") // before opening: if the device is exchanged in between, the guard notices
	port, err := d.open(path)
	if err != nil {
		return nil, nil, err
	}
	return &stream{port: port, name: filepath.Base(path)}, who, nil
}

// Within makes the driver look for its device below other roots: on a test's machine.
func (d *Driver) Within(r plug.Roots) { d.Watch.Roots = r }

// Locate names the device file that the URL means now: fs.ErrNotExist while no device fits, usb.CodeAmbiguous when several do. A path is taken as it is.
func (d *Driver) Locate() (string, error) {
	if d.Path != "" {
		return d.Path, nil
	}
	ports, err := List(d.Watch.Roots)
	if err != nil {
		return "", err
	}
	var all []usb.Named
	for _, p := range ports {
		all = append(all, usb.Named{Path: p.Path, Device: p.Device})
	}
	return usb.Find(d.Match, "serial port", all)
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
		return fault.New(fault.Denied, CodeDenied, "%s: no permission; run station install, or add this user to the group that owns the port (dialout): %w", path, err).With("about", path)
	case serial.PortBusy:
		return fault.New(fault.Conflict, CodeBusy, "%s: another program holds the port; close it (station doctor names it; ModemManager lets go after ten seconds): %w", path, err).With("about", path)
	case serial.PortNotFound:
		return fmt.Errorf("open %s: %w", path, fs.ErrNotExist)
	case serial.InvalidSpeed, serial.InvalidDataBits, serial.InvalidParity, serial.InvalidStopBits:
		return fault.New(fault.Invalid, CodeMode, "%s: the port does not take this baud, bits, parity or stop: %w", path, err).With("about", path)
	}
	return fmt.Errorf("open %s: %w", path, err)
}
