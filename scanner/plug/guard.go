package plug

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// Identity is which device was behind a name when it was looked at.
type Identity struct {
	name    string        // a device file or a link to one
	node    string        // the device file itself
	info    os.FileInfo   // of node
	patient time.Duration // how long the name may be missing while the node is there
}

// Identify looks behind a name. Without a file to look at, as on Windows, it is nil: nothing is known, and only reads tell that a device is gone.
func Identify(name string, patient time.Duration) *Identity {
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
	return &Identity{name: name, node: node, info: info, patient: patient}
}

type presence int

const (
	there   presence = iota
	missing          // the device file is there, its name is not
	gone
)

// look compares with what was opened. The kernel removes a device file with the device, and makes a new one, under whatever number is free, when it comes
// back; a link that leads elsewhere means another device.
func (i *Identity) look() presence {
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

// Guard calls gone once, from a goroutine of its own, when the device behind an identity has gone. A read says so as well, but not always: a device that
// was taken away during a suspend may leave a read that never returns a byte nor an error. End returns when the goroutine has ended; it may be called again.
func Guard(c Config, who *Identity, gone func()) (end func()) {
	if who == nil {
		return func() {}
	}
	// A watch of its own, begun while the device is there: one that began before it came would take coming and going between two looks for no change.
	watch := Start(c)
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		defer watch.Close()
		if who.attend(watch, stop) {
			gone()
		}
	})
	return sync.OnceFunc(func() { close(stop); watching.Wait() })
}

// attend returns true when the device is gone, false when stop is closed.
func (i *Identity) attend(watch *Watch, stop <-chan struct{}) bool {
	var patience <-chan time.Time // of a missing name; nil while it is there
	for {
		switch present := i.look(); {
		case present == gone:
			return true
		case present == there:
			patience = nil
		case patience == nil:
			patience = time.After(i.patient)
		}
		select {
		case <-stop:
			return false
		case <-watch.Changed():
		case <-patience:
			if i.look() != there {
				return true
			}
			patience = nil
		}
	}
}
