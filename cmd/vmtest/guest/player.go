//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/backdock/backdock/scanner/hid"
	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/serial"
)

// player is a scanner, seen from its own side.
type player interface {
	// plug makes it appear, as itself.
	plug() error
	// unplug takes it away, and makes the kernel give it another name the next time.
	unplug() error
	// settle lets go of what kept the old name.
	settle()
	// send gives the first n bytes of a code with its end, all of them with n = whole.
	send(code string, n int) error
	// bare sends an end without a code, where the device has such a thing.
	bare() error
	// node is the device file, empty while there is none.
	node() (string, error)
}

// whole sends all of a code.
const whole = 1 << 20

// answers are what a scanner is told: true for safe. A scanner that is not told anything has nil.
type answers chan bool

// tell never blocks: a scanner that does not listen misses what it is told.
func (a answers) tell(good bool) {
	select {
	case a <- good:
	default:
	}
}

func (a answers) drain() {
	for {
		select {
		case <-a:
		default:
			return
		}
	}
}

// hidNode finds a HID device by its serial number.
func hidNode(kind hid.Kind, sn string) (string, error) {
	all, err := hid.List(plug.Roots{})
	for _, f := range all {
		if f.Kind == kind && f.Serial == sn {
			return f.Node, nil
		}
	}
	return "", err
}

// ttyNode finds a serial port by its serial number.
func ttyNode(sn string) (string, error) {
	all, err := serial.List(plug.Roots{})
	for _, p := range all {
		if p.Serial == sn {
			return p.Path, nil
		}
	}
	return "", err
}

// hold opens a terminal, so that its name stays in use when its device goes.
func hold(node string) (*os.File, error) {
	fd, err := unix.Open(node, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("hold %s: %w", node, err)
	}
	return os.NewFile(uintptr(fd), node), nil
}

// openRaw opens the far end of a line: bytes pass as they are, and nothing is echoed.
func openRaw(path string, speed uint32) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	t := unix.Termios{Cflag: unix.CS8 | unix.CREAD | unix.CLOCAL | speed, Ispeed: speed, Ospeed: speed}
	t.Cc[unix.VMIN] = 1
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &t); err != nil {
		return nil, errors.Join(fmt.Errorf("set up %s: %w", path, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), path), nil
}

// until waits for something that the kernel does in its own time.
func until(what string, is func() (bool, error)) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok, err := is(); ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("%s did not happen within %s", what, patience)
}

// Of the framing that the station is told: codes end with CR, ACK and NAK answer.
const (
	end = '\r'
	ack = 0x06
	nak = 0x15
)

// listenTo tells a scanner what comes back on its line, until the line ends.
func listenTo(f *os.File, a answers) {
	b := make([]byte, 64)
	for {
		n, err := f.Read(b)
		for _, c := range b[:n] {
			if c == ack || c == nak {
				a.tell(c == ack)
			}
		}
		if err != nil {
			return
		}
	}
}

// sendLine writes a code, or its beginning.
func sendLine(f *os.File, code string, n int) error {
	b := append([]byte(code), end)
	_, err := f.Write(b[:min(n, len(b))])
	return err
}
