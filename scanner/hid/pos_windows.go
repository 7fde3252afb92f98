package hid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/hid/pos"
	"github.com/backdock/backdock/scanner/plug"
)

// inputBuffers is how many reports Windows keeps for a reader; it gives 512 at most and 32 unasked.
const inputBuffers = 512

// reports is an open HID POS scanner. Windows takes its reports apart and hides its report descriptor: what it says is packed again in the form of pos.Canonical.
// Nothing of this was run on a device.
type reports struct {
	file *os.File
	// using is held while prep is used: Close frees it.
	using  sync.Mutex
	prep   preparsed
	caps   caps
	pause  time.Duration
	closed atomic.Bool
	data   *fieldCaps
	fields map[uint16]*fieldCaps // of page 8C, by usage; the length has usage 3B of page 1
	more   *fieldCaps            // a button
	good   []byte
	bad    []byte
	queue  [][]byte // canonical reports not yet read
}

// guard does nothing: Windows ends the reads of a device that went, also during sleep, and there is no file to look at.
func (s *reports) guard(plug.Config, *plug.Identity) {}

func (p *POS) try(_ context.Context, path string) (guarded, error) {
	h, err := openInterface(path, windows.GENERIC_READ|windows.GENERIC_WRITE, windows.FILE_FLAG_OVERLAPPED)
	switch {
	case errors.Is(err, windows.ERROR_FILE_NOT_FOUND), errors.Is(err, windows.ERROR_PATH_NOT_FOUND):
		return nil, fs.ErrNotExist
	case errors.Is(err, windows.ERROR_ACCESS_DENIED), errors.Is(err, windows.ERROR_SHARING_VIOLATION):
		return nil, fault.New(fault.Conflict, CodeBusy, "another program has the scanner to itself; close it (POS software, the maker's tool): %w", err).With("about", path)
	case err != nil:
		return nil, fmt.Errorf("open the scanner: %w", err)
	}
	s := &reports{file: os.NewFile(uintptr(h), path), pause: p.Pause, fields: map[uint16]*fieldCaps{}}
	if err := s.describe(h); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for _, f := range p.Enable {
		b := make([]byte, max(len(f), int(s.caps.featureLen)))
		copy(b, f)
		if ok, _, err := hidSetFeature.Call(uintptr(h), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b))); byte(ok) == 0 {
			return nil, errors.Join(fmt.Errorf("enable=%d:… is refused; leave it out if the scanner works without: %w", f[0], err), s.Close())
		}
	}
	return s, nil
}

// describe finds the fields of the scanned data report, and the beeps.
func (s *reports) describe(h windows.Handle) (err error) {
	if s.prep, err = preparse(h); err != nil {
		return err
	}
	if s.caps, err = s.prep.caps(); err != nil {
		return err
	}
	hidSetBuffers.Call(uintptr(h), inputBuffers)
	values, err := s.prep.fields(hidGetValueCaps, hidInput, s.caps.inputValues)
	if err != nil {
		return err
	}
	for i := range values {
		if values[i].has(pos.Page, 0xFE) {
			s.data = &values[i]
			break
		}
	}
	if s.data == nil {
		return errors.New("the scanner describes no scanned data (usage 8C:FE): it is set to another mode")
	}
	for i := range values {
		c := &values[i]
		if c.report != s.data.report {
			continue
		}
		for _, u := range []uint16{0xFB, 0xFC, 0xFD, 0xFF} {
			if c.has(pos.Page, u) {
				s.fields[u] = c
			}
		}
		if c.has(1, 0x3B) {
			s.fields[0x3B] = c
		}
	}
	buttons, err := s.prep.fields(hidGetButtonCaps, hidInput, s.caps.inputButtons)
	for i := range buttons {
		if buttons[i].report == s.data.report && buttons[i].has(pos.Page, 0xFF) {
			s.more = &buttons[i]
		}
	}
	s.good, s.bad = s.beep(0x86), s.beep(0x85)
	return err
}

// beep makes the output report that sounds a beep, nil where the device describes none.
func (s *reports) beep(usage uint16) []byte {
	buttons, _ := s.prep.fields(hidGetButtonCaps, hidOutput, s.caps.outputButtons)
	values, _ := s.prep.fields(hidGetValueCaps, hidOutput, s.caps.outputValues)
	for i := range append(buttons, values...) {
		button := i < len(buttons)
		var c *fieldCaps
		if button {
			c = &buttons[i]
		} else {
			c = &values[i-len(buttons)]
		}
		if report := make([]byte, s.caps.outputLen); len(report) > 0 && c.has(pos.Page, usage) {
			report[0] = c.report
			if s.prep.set(c, button, usage, report) {
				return report
			}
		}
	}
	return nil
}

// Encoding says what Read gives.
func (s *reports) Encoding() scanner.Encoding { return posEncoding(pos.Canonical, s.pause) }

// Answers are the device's own beeps.
func (s *reports) Answers() (good, bad []byte) { return s.good, s.bad }

// Read gives a mark and one canonical report. io.EOF means that the device is gone, os.ErrClosed that Close was called.
func (s *reports) Read(p []byte) (int, error) {
	if len(p) < 2 {
		return 0, io.ErrShortBuffer
	}
	report := make([]byte, s.caps.inputLen)
	for len(s.queue) == 0 {
		n, err := s.file.Read(report)
		if s.closed.Load() {
			return 0, os.ErrClosed
		}
		if err != nil {
			return 0, io.EOF // Windows has many numbers for an unplugged device
		}
		s.repack(report[:n])
	}
	p[0] = pos.Fresh
	n := 1 + copy(p[1:], s.queue[0])
	s.queue = s.queue[1:]
	return n, nil
}

// repack takes one report apart. Reports of another kind are passed over; one that does not fit is passed on as a report too short, which counts as damage.
func (s *reports) repack(report []byte) {
	s.using.Lock()
	defer s.using.Unlock()
	if s.closed.Load() || len(report) == 0 || report[0] != s.data.report {
		return
	}
	data, whole := s.prep.array(s.data, 0xFE, report)
	var id [3]byte
	for i := range id {
		if c := s.fields[0xFB+uint16(i)]; c != nil {
			n, _ := s.prep.value(c, 0xFB+uint16(i), report)
			id[i] = byte(n)
		}
	}
	if c := s.fields[0x3B]; c != nil {
		n, ok := s.prep.value(c, 0x3B, report)
		if whole = whole && ok && int64(n) <= int64(len(data)); whole {
			data = data[:n]
		}
	} else {
		for len(data) > 0 && data[len(data)-1] == 0 {
			data = data[:len(data)-1]
		}
	}
	more, ok := s.continued(report)
	if !whole || !ok {
		s.queue = append(s.queue, pos.Repack(nil, id, false)[0][:2])
		return
	}
	s.queue = append(s.queue, pos.Repack(data, id, more)...)
}

// continued reads the flag, which is a button where it has one bit.
func (s *reports) continued(report []byte) (more, ok bool) {
	if s.more != nil {
		return s.prep.button(s.more, 0xFF, report)
	}
	if c := s.fields[0xFF]; c != nil {
		n, ok := s.prep.value(c, 0xFF, report)
		return n&1 == 1, ok
	}
	return false, true
}

// Write sends an output report, id byte first.
func (s *reports) Write(p []byte) (int, error) { return s.file.Write(p) }

// Close ends a blocked Read. The agent closes twice, and reads no more when the second is through.
func (s *reports) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	err := s.file.Close()
	s.using.Lock()
	defer s.using.Unlock()
	if s.prep != 0 {
		s.prep.free()
	}
	return err
}
