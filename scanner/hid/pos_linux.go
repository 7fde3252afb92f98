package hid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid/descriptor"
	"github.com/backdock/backdock/scanner/hid/pos"
)

const (
	// queue is how many reports the kernel keeps for a reader; of what comes then it says nothing (drivers/hid/hidraw.c, one of 64 places stays empty).
	queue = 63
	// maxReport is the longest report that fits a read of the agent's.
	maxReport = 4000
)

// reports is an open HID POS scanner.
type reports struct {
	*device
	desc      []byte // report descriptor
	described descriptor.Descriptor
	pause     time.Duration
	waiting   int // reports read in a row that had been there already
}

func (t Target) findPOS() (string, error) { return t.find(KindPOS) }

func (p *POS) try(_ context.Context, path string) (guarded, error) {
	d, err := openDevice(path)
	if err != nil {
		return nil, err
	}
	s := &reports{device: d, pause: p.Pause}
	if err = s.describe(); err != nil {
		err = fault.New(fault.Invalid, codeNoPOS, "%s: %w", path, err).With("about", path)
	} else if err = s.enable(p.Enable); err != nil {
		err = fault.New(fault.Invalid, codeEnable, "%s: %w", path, err).With("about", path)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return s, nil
}

// describe asks the device what its reports are.
func (s *reports) describe() error {
	var raw unix.HIDRawReportDescriptor
	var size, err error
	e := s.raw.Control(func(fd uintptr) {
		var n int
		n, size = unix.IoctlGetInt(int(fd), unix.HIDIOCGRDESCSIZE)
		raw.Size = uint32(n)
		err = unix.IoctlHIDGetDesc(int(fd), &raw)
	})
	if err := errors.Join(e, size, err); err != nil {
		return fmt.Errorf("ask for the report descriptor; is this a hidraw device? %w", err)
	}
	s.desc = raw.Value[:min(raw.Size, uint32(len(raw.Value)))]
	if s.described, err = descriptor.Parse(s.desc); err != nil {
		return err
	}
	if _, err := pos.New(s.described, frame.Default(), s.pause, 0); err != nil {
		return err
	}
	for _, f := range s.described.Fields {
		if n := s.described.Length(f.Kind, f.Report); f.Kind == descriptor.Input && n > maxReport {
			return fmt.Errorf("reports of %d bytes are longer than any scanner's", n)
		}
	}
	return nil
}

// enable sends feature reports, filled up to the length that the device gives them.
func (s *reports) enable(features [][]byte) error {
	for _, f := range features {
		b := make([]byte, max(len(f), 1+s.described.Length(descriptor.Feature, f[0])))
		copy(b, f)
		if err := s.ioctl(ioc(iocRead|iocWrite, uint(len(b)), 'H', 0x06), b); err != nil {
			return fmt.Errorf("enable=%d:… is refused; leave it out if the scanner works without: %w", f[0], err)
		}
	}
	return nil
}

// Encoding says what Read gives.
func (s *reports) Encoding() scanner.Encoding { return posEncoding(s.desc, s.pause) }

// Answers are the device's own beeps.
func (s *reports) Answers() (good, bad []byte) { return pos.Beeps(s.described) }

// Read gives a mark and one report. io.EOF means that the device is gone, os.ErrClosed that Close was called.
func (s *reports) Read(p []byte) (int, error) {
	if len(p) < 2 {
		return 0, io.ErrShortBuffer
	}
	n, err := 0, error(nil)
	e := s.raw.Read(func(fd uintptr) bool {
		n, err = unix.Read(int(fd), p[1:])
		for errors.Is(err, unix.EINTR) {
			n, err = unix.Read(int(fd), p[1:])
		}
		if errors.Is(err, unix.EAGAIN) {
			s.waiting = 0
			return false
		}
		return true
	})
	if err := errors.Join(e, err); err != nil {
		if n, err = s.ended(p[1:], err); err != nil {
			return 0, err
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	p[0] = pos.Fresh
	if s.waiting++; s.waiting >= queue {
		p[0] = pos.Full
	}
	return 1 + n, nil
}

// Write sends an output report, id byte first.
func (s *reports) Write(p []byte) (int, error) { return s.file.Write(p) }
