package usb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner/plug"
)

// CodeAmbiguous is the fault of a match that fits two devices.
const CodeAmbiguous = "scanner_ambiguous"

const (
	// udevNeeds is how long udev may take over a device: until a new device file has the permissions of its rules, until a link is written anew.
	udevNeeds = 1500 * time.Millisecond
	// deniedPause is between tries to open what refuses this user.
	deniedPause = udevNeeds / 15
)

// Named is a device with its file.
type Named struct {
	Path string // /dev/ttyACM0
	Device
}

// Find names the file of the one device in all that fits: fs.ErrNotExist while none does, CodeAmbiguous when several do. What says what they are, for people.
func Find(m Match, what string, all []Named) (string, error) {
	var found []Named
	for _, d := range all {
		if m.Fits(d.Device) {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%s of %s: %w", what, m, fs.ErrNotExist)
	case 1:
		return found[0].Path, nil
	}
	return "", ambiguous(m, found)
}

// ambiguous is the fault of a match that fits all these: it says which parameters tell them apart.
func ambiguous(m Match, found []Named) error {
	var all []Device
	for _, f := range found {
		all = append(all, f.Device)
	}
	var each []string
	for _, f := range found {
		each = append(each, filepath.Base(f.Path)+" is "+Only(f.Device, all).String())
	}
	apart := strings.Join(each, ", ")
	return fault.New(fault.Conflict, CodeAmbiguous, "%d scanners match %s; give sn= or usb= in the scanner's URL: %s", len(found), m, apart).With("about", apart)
}

// Await tries to open at every change until the device is there. A device that refuses this user is tried again for as long as udev may need; any other
// error is one that somebody must mend, and ends the wait.
func Await[S any](ctx context.Context, watch *plug.Watch, try func() (S, error)) (S, error) {
	for denied := time.Duration(0); ; {
		s, err := try()
		var retry <-chan time.Time
		switch {
		case err == nil:
			return s, nil
		case errors.Is(err, fs.ErrNotExist):
			denied = 0
		case fault.IsKind(err, fault.Denied) && denied < udevNeeds:
			denied += deniedPause
			retry = time.After(deniedPause)
		default:
			return s, err
		}
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-watch.Changed():
		case <-retry:
		}
	}
}

// Identify remembers which device is behind a file. A name that the URL gives may be a link, which udev takes away for a moment when it writes it anew.
func Identify(path string, given bool) *plug.Identity {
	if given {
		return plug.Identify(path, udevNeeds)
	}
	return plug.Identify(path, 0)
}
