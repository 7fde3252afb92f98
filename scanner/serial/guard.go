package serial

import (
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner/plug"
)

// identity is which device was behind a name when it was opened.
type identity struct {
	name    string        // a device file or a link to one
	node    string        // the device file itself
	info    os.FileInfo   // of node
	patient time.Duration // how long the name may be missing while the node is there
}

// identify looks behind a name. Without a file to look at, as on Windows, nothing is known, and only reads tell that a device is gone.
func identify(name string, patient time.Duration) *identity {
	if runtime.GOOS == "windows" {
		return nil
	}
	node, err := filepath.EvalSymlinks(name)
	if err != nil {
		return nil
	}
	info, err := os.Stat(node)
	if err != nil {
		return nil
	}
	return &identity{name: name, node: node, info: info, patient: patient}
}

type presence int

const (
	there   presence = iota
	missing          // the device file is there, its name is not
	gone
)

// look compares with what was opened. The kernel removes a device file with the device, and makes a new one, under whatever number is free, when it comes
// back; a link that leads elsewhere means another device.
func (i *identity) look() presence {
	info, err := os.Stat(i.node)
	if err != nil || !os.SameFile(info, i.info) {
		return gone
	}
	behind, err := os.Stat(i.name)
	switch {
	case err != nil:
		return missing
	case os.SameFile(behind, i.info):
		return there
	}
	return gone
}

// guard ends the stream when its device goes. A read says so as well, but not always: a device that was taken away during a suspend may leave a read that
// never returns a byte nor an error.
func (s *stream) guard(config plug.Config) {
	if s.who == nil {
		return
	}
	// A watch of its own, begun while the device is there: one that began before it came would take coming and going between two looks for no change.
	watch := plug.Start(config)
	s.watching.Go(func() {
		defer watch.Close()
		s.attend(watch)
	})
}

// attend returns when the device is gone or the stream is closed.
func (s *stream) attend(watch *plug.Watch) {
	var until time.Duration // how long a missing name is waited for
	present := there
	for {
		var again <-chan time.Time
		before := present
		present = s.who.look()
		if present == missing {
			if before != missing {
				until = mono() + s.who.patient
			}
			again = time.After(until - mono())
		}
		if present == gone || (present == missing && mono() >= until) {
			s.gone.Store(true)
			return
		}
		select {
		case <-s.stop:
			return
		case <-watch.Changed():
		case <-again:
		}
	}
}

func mono() time.Duration { return time.Duration(clock.Mono()) * time.Microsecond }
