package scale

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/serial"
	"github.com/backdock/backdock/scanner/tcp"
)

// Prefix tells a scale's URL from a scanner's.
const Prefix = "scale+"

// Scale is a configured scale.
type Scale struct {
	Name     string
	URL      string
	Driver   scanner.Driver
	Protocol Protocol
	Every    time.Duration // between questions; SICS only
	Window   Window        // settings, to be copied for use
}

// New reads a scale's URL: the port's own parameters, and protocol, every, window, tolerance, least, hold, name. It opens nothing.
func New(raw string) (*Scale, error) {
	u, err := url.Parse(strings.TrimPrefix(raw, Prefix))
	if err != nil {
		return nil, fmt.Errorf("scale URL: %w", err)
	}
	q := u.Query()
	s := &Scale{Name: q.Get("name"), URL: raw, Protocol: Protocol(q.Get("protocol")), Every: 200 * time.Millisecond,
		Window: Window{Rest: 500 * time.Millisecond, Tolerance: 2, Least: 20, Hold: 5 * time.Second, Stale: 3 * time.Second}}
	if s.Protocol == "" {
		s.Protocol = SICS
	}
	if s.Protocol != SICS && s.Protocol != ASCII {
		return nil, fmt.Errorf("scale URL %q: protocol=%q: want sics or ascii", raw, s.Protocol)
	}
	switch u.Scheme {
	case "serial":
		s.Driver, err = serial.New(u)
	case "tcp":
		s.Driver, err = tcp.New(u)
	default:
		err = fmt.Errorf("scale URL %q: want scale+serial:///dev/… or scale+tcp://host:port", raw)
	}
	if err != nil {
		return nil, err
	}
	if s.Name == "" {
		s.Name = "scale"
	}
	return s, s.settings(q)
}

func (s *Scale) settings(q url.Values) error {
	for key, into := range map[string]*time.Duration{"every": &s.Every, "window": &s.Window.Rest, "hold": &s.Window.Hold} {
		if text := q.Get(key); text != "" {
			d, err := time.ParseDuration(text)
			if err != nil || d < 20*time.Millisecond || d > time.Minute {
				return fmt.Errorf("scale URL %q: %s=%q: want 20ms to 1m", s.URL, key, text)
			}
			*into = d
		}
	}
	for key, into := range map[string]*int64{"tolerance": &s.Window.Tolerance, "least": &s.Window.Least} {
		if text := q.Get(key); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 || n > 10_000 {
				return fmt.Errorf("scale URL %q: %s=%q: want 0 to 10000 grams", s.URL, key, text)
			}
			*into = n
		}
	}
	if s.Window.Least < 1 {
		s.Window.Least = 1
	}
	return nil
}

// Listen takes one opening of a scale to its end: it asks, where the protocol wants that, and hands out every line, read or not. It closes the stream.
func (s *Scale) Listen(ctx context.Context, stream io.ReadWriteCloser, told func(Reading, error)) error {
	stop := context.AfterFunc(ctx, func() { stream.Close() })
	defer stop()
	ended := make(chan struct{})
	var asking sync.WaitGroup
	if s.Protocol == SICS {
		asking.Go(func() { s.ask(stream, ended) })
	}
	var l lines
	buf := make([]byte, 256)
	var err error
	for err == nil {
		var n int
		n, err = stream.Read(buf)
		for _, line := range l.add(buf[:n]) {
			told(s.Protocol.Parse(line))
		}
	}
	close(ended)
	err = errors.Join(err, stream.Close())
	asking.Wait()
	return err
}

// ask sends SI, the immediate weight, again and again. A scale that takes no bytes blocks only this.
func (s *Scale) ask(w io.Writer, ended <-chan struct{}) {
	every := time.NewTicker(s.Every)
	defer every.Stop()
	for {
		if _, err := w.Write([]byte("SI\r\n")); err != nil {
			return // the reader learns of it, too
		}
		select {
		case <-every.C:
		case <-ended:
			return
		}
	}
}

// lines cuts a stream at CR and LF. What precedes the first end may be half a line, and an endless line is noise: both are left to the parser or dropped.
type lines struct {
	begun bool // an end was seen
	skip  bool
	rest  []byte
}

func (l *lines) add(b []byte) []string {
	var out []string
	for len(b) > 0 {
		i := bytes.IndexAny(b, "\r\n")
		if i < 0 {
			if l.rest = append(l.rest, b...); len(l.rest) > longestLine {
				l.rest, l.skip = nil, true
			}
			return out
		}
		line := append(l.rest, b[:i]...)
		if text := strings.TrimSpace(strings.Trim(string(line), "\x02\x03")); text != "" && l.begun && !l.skip {
			out = append(out, text)
		}
		l.begun, l.skip, l.rest = true, false, nil
		b = b[i+1:]
	}
	return out
}
