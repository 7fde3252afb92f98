package agent

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid"
	"github.com/backdock/backdock/scanner/profile"
	"github.com/backdock/backdock/scanner/replay"
	"github.com/backdock/backdock/scanner/serial"
	"github.com/backdock/backdock/scanner/tcp"
)

// DefaultDouble is the window in which the same code from the same scanner is taken for one trigger pull read twice.
const DefaultDouble = 600 * time.Millisecond

// Scanner is a configured device.
type Scanner struct {
	Name     string
	URL      string
	Driver   scanner.Driver
	Profile  frame.Profile
	Feedback Feedback
	Double   time.Duration
}

// drivers by URL scheme. A new driver is one line here.
var drivers = map[string]func(*url.URL) (scanner.Driver, error){
	"serial": func(u *url.URL) (scanner.Driver, error) { return driver(serial.New(u)) },
	"evdev":  func(u *url.URL) (scanner.Driver, error) { return driver(hid.NewKeyboard(u)) },
	"hidpos": func(u *url.URL) (scanner.Driver, error) { return driver(hid.NewPOS(u)) },
	"tcp":    func(u *url.URL) (scanner.Driver, error) { return driver(tcp.New(u)) },
	"replay": func(u *url.URL) (scanner.Driver, error) { return driver(replay.New(u)) },
}

// driver keeps a failed constructor's nil pointer out of the interface.
func driver[D scanner.Driver](d D, err error) (scanner.Driver, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Schemes lists the scanner URL schemes of this build.
func Schemes() []string { return slices.Sorted(maps.Keys(drivers)) }

// Parse reads a scanner URL: the driver's own parameters, the framing's (see frame.FromQuery), and name, profile, beep, good, bad, double. What the URL does not
// set is the profile's.
func Parse(raw string) (Scanner, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return Scanner{}, fmt.Errorf("scanner URL: %w", err)
	}
	open, ok := drivers[u.Scheme]
	if !ok {
		return Scanner{}, fmt.Errorf("scanner URL %q: no driver for %q; this build has %s", raw, u.Scheme, strings.Join(Schemes(), ", "))
	}
	s := Scanner{URL: raw, Double: DefaultDouble}
	q := u.Query()
	if role := q.Get("role"); role != "" {
		return Scanner{}, fmt.Errorf("scanner URL %q: role=%s: the scanners of a station share its bench and its open parcel; for another role enrol a second station with --data and --page of its own", raw, role)
	}
	if name := q.Get("profile"); name != "" {
		p, err := profile.Find(name)
		if err != nil {
			return Scanner{}, fmt.Errorf("scanner URL %q: profile: %w", raw, err)
		}
		p.Into(q)
		u.RawQuery = q.Encode()
	}
	if s.Driver, err = open(u); err != nil {
		return Scanner{}, err
	}
	base := frame.Default()
	base.KeepFirst = u.Scheme == "replay" // a capture begins where it begins
	if s.Profile, err = frame.FromQuery(q, base); err != nil {
		return Scanner{}, fmt.Errorf("scanner URL %q: %w", raw, err)
	}
	if s.Feedback, err = feedback(q); err != nil {
		return Scanner{}, fmt.Errorf("scanner URL %q: %w", raw, err)
	}
	if d := q.Get("double"); d != "" {
		if s.Double, err = time.ParseDuration(d); err != nil || s.Double < 0 || s.Double > 10*time.Second {
			return Scanner{}, fmt.Errorf("scanner URL %q: double=%q: want a duration up to 10s, 0s for none", raw, d)
		}
	}
	s.Name = name(u)
	return s, nil
}

// name is how people call the scanner: what the URL says, or what is shortest.
func name(u *url.URL) string {
	q := u.Query()
	for _, key := range []string{"name", "sn", "usb"} {
		if s := q.Get(key); s != "" {
			return s
		}
	}
	if u.Host != "" {
		return u.Host
	}
	path := u.Path + u.Opaque
	if path == "" {
		return q.Get("vid") + ":" + q.Get("pid")
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}

// ParseAll reads the scanner URLs of a station and gives scanners of the same name a number: a scan's device must name one scanner.
func ParseAll(urls []string) ([]Scanner, error) {
	var out []Scanner
	seen := map[string]int{}
	for _, raw := range urls {
		s, err := Parse(raw)
		if err != nil {
			return nil, err
		}
		if seen[s.Name]++; seen[s.Name] > 1 {
			s.Name = fmt.Sprintf("%s-%d", s.Name, seen[s.Name])
		}
		out = append(out, s)
	}
	return out, nil
}
