package serial

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.bug.st/serial"
)

const (
	closeTries = 20
	closePause = 10 * time.Millisecond
)

// stream is an open port. The library closes the descriptor first and tells its readers afterwards; a write or read that begins in between would reach
// whatever file got the same number, such as the journal. So Close waits until nobody is in the library.
type stream struct {
	port   serial.Port
	name   string
	closed atomic.Bool
	gone   atomic.Bool // the guard saw the device go
	read   sync.Mutex
	write  sync.Mutex

	unguard func() // ends the guard; nil where there is none
}

// Read blocks until bytes come. io.EOF means that the device is gone, os.ErrClosed that Close was called.
func (s *stream) Read(p []byte) (n int, err error) {
	for {
		n, err = s.readOnce(p)
		// The library returns nothing and no error after its timeout, which io.Reader's users take for progress.
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		if s.gone.Load() { // behind the last byte
			return 0, io.EOF
		}
	}
}

func (s *stream) readOnce(p []byte) (n int, err error) {
	s.read.Lock()
	defer s.read.Unlock()
	if s.closed.Load() {
		return 0, os.ErrClosed
	}
	defer func() {
		if r := recover(); r != nil {
			// The library's select panics on a descriptor above 1023.
			n, err = 0, fmt.Errorf("read %s: too many open files (%v)", s.name, r)
		}
	}()
	n, err = s.port.Read(p)
	if err == nil || n > 0 {
		return n, nil
	}
	var pe *serial.PortError
	if errors.As(err, &pe) && pe.Code() == serial.PortClosed {
		return 0, io.EOF // unplugged or hung up
	}
	return 0, fmt.Errorf("read %s: %w", s.name, err)
}

// Write sends feedback to the scanner. It may block for as long as the device holds its line.
func (s *stream) Write(p []byte) (int, error) {
	s.write.Lock()
	defer s.write.Unlock()
	if s.closed.Load() {
		return 0, os.ErrClosed
	}
	n, err := s.port.Write(p)
	if s.closed.Load() {
		// Close could not wait any longer and left the descriptor to this call.
		s.release()
	}
	if err != nil {
		return n, fmt.Errorf("write %s: %w", s.name, err)
	}
	return n, nil
}

// Close ends a blocked Read within the read timeout. A blocked Write gets its bytes thrown away; if the device holds the line all the same, the port is
// closed when that Write ends.
func (s *stream) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if s.unguard != nil {
		s.unguard()
	}
	for tries := 0; !s.write.TryLock(); tries++ {
		if tries == closeTries {
			return fmt.Errorf("close %s: the scanner takes no bytes; the port is closed when it does", s.name)
		}
		if err := s.port.ResetOutputBuffer(); err != nil {
			return fmt.Errorf("close %s: %w", s.name, err)
		}
		time.Sleep(closePause)
	}
	defer s.write.Unlock()
	return s.release()
}

// release closes the descriptor when no Read is in the library. The caller holds the write lock.
func (s *stream) release() error {
	s.read.Lock()
	defer s.read.Unlock()
	return s.port.Close()
}
