package hid

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/backdock/backdock/scanner/hid/keyboard"
)

// Keyboard opens one scanner that types, and keeps what it types from everybody else.
type Keyboard struct {
	Target
	keyboard.Settings
}

// NewKeyboard reads an evdev: URL. It opens nothing.
func NewKeyboard(u *url.URL) (*Keyboard, error) {
	if err := canKeyboard(); err != nil {
		return nil, err
	}
	t, err := target(u)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	for _, key := range []string{"good", "bad", "beep"} {
		if q.Has(key) && q.Get(key) != "none" {
			return nil, fmt.Errorf("%s=%q: a scanner that is a keyboard cannot be told anything; for beeps from the station set it to HID POS or USB-COM", key, q.Get(key))
		}
	}
	switch s := strings.ToLower(q.Get("suffix")); s {
	case "lf", "crlf":
		return nil, fmt.Errorf("suffix=%s: a keyboard has Enter and Tab: use suffix=cr for Enter, suffix=tab for Tab", s)
	}
	s := keyboard.Default()
	s.Event = eventSize
	if s, err = keyboard.FromQuery(q, s); err != nil {
		return nil, err
	}
	if s.Event != eventSize {
		return nil, fmt.Errorf("event=%d: this computer has %d", s.Event, eventSize)
	}
	return &Keyboard{Target: t, Settings: s}, nil
}

// Open waits until the keyboard is there, no key is held and it is the station's alone. An error that is not the context's says why a keyboard that is there
// cannot be used.
func (k *Keyboard) Open(ctx context.Context) (io.ReadWriteCloser, error) {
	return k.wait(ctx, k.Locate, k.try)
}

// Locate names the device file that the URL means now, without opening it: fs.ErrNotExist while no device fits, usb.CodeAmbiguous when several do.
func (k *Keyboard) Locate() (string, error) { return k.find(KindKeyboard) }

// POS opens one HID POS scanner.
type POS struct {
	Target
	Enable [][]byte      // feature reports to send at first, id byte first
	Pause  time.Duration // longest silence within a code of several reports
}

// NewPOS reads a hidpos: URL. It opens nothing.
func NewPOS(u *url.URL) (*POS, error) {
	if err := canPOS(); err != nil {
		return nil, err
	}
	t, err := target(u)
	if err != nil {
		return nil, err
	}
	p := &POS{Target: t}
	if p.Pause, err = pauseOf(u.Query()); err != nil {
		return nil, err
	}
	for _, s := range u.Query()["enable"] {
		report, err := feature(s)
		if err != nil {
			return nil, err
		}
		p.Enable = append(p.Enable, report)
	}
	return p, nil
}

// Open waits until the scanner is there.
func (p *POS) Open(ctx context.Context) (io.ReadWriteCloser, error) {
	return p.wait(ctx, p.Locate, p.try)
}

// Locate names the device that the URL means now, as of a Keyboard.
func (p *POS) Locate() (string, error) { return p.findPOS() }

// maxFeature is the longest report that enable= takes.
const maxFeature = 64

// feature reads "254:01": a report id in decimal, its bytes in hexadecimal.
func feature(s string) ([]byte, error) {
	id, data, _ := strings.Cut(s, ":")
	n, err := strconv.ParseUint(id, 10, 8)
	if err == nil {
		var b []byte
		if b, err = hex.DecodeString(data); err == nil && len(b) > 0 && len(b) <= maxFeature {
			return append([]byte{byte(n)}, b...), nil
		}
	}
	return nil, fmt.Errorf("enable=%q: want a report id and up to %d bytes in hexadecimal, such as 254:01", s, maxFeature)
}
