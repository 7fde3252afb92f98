package replay

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner"
)

// Driver plays one capture file.
type Driver struct {
	Path  string
	Speed float64 // 1 is the recorded pace, 0 is without waiting
	With  url.Values
}

// New reads a replay: URL. It opens nothing.
func New(u *url.URL) (*Driver, error) {
	d := &Driver{Path: u.Opaque, Speed: 1, With: u.Query()}
	if d.Path == "" {
		d.Path = u.Path
	}
	if d.Path == "" || u.Host != "" {
		return nil, fmt.Errorf("replay URL %q: want replay:FILE", u)
	}
	switch s := u.Query().Get("speed"); s {
	case "":
	case "max":
		d.Speed = 0
	default:
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || v <= 0 {
			return nil, fmt.Errorf("speed=%q: want a factor such as 10, or max", s)
		}
		d.Speed = v
	}
	return d, nil
}

// Open reads the capture. The stream plays it once and then stays silent, like a scanner that lies on the table.
func (d *Driver) Open(context.Context) (io.ReadWriteCloser, error) {
	c, err := d.Load()
	if err != nil {
		return nil, err
	}
	return &stream{Capture: c, speed: d.Speed, begin: clock.Mono(), done: make(chan struct{})}, nil
}

// Load reads the capture. Parameters of its encoding that the URL has too are the URL's: another layout= reads the same keys anew.
func (d *Driver) Load() (Capture, error) {
	f, err := os.Open(d.Path)
	if err != nil {
		return Capture{}, fmt.Errorf("replay: %w", err)
	}
	defer f.Close()
	c, err := Parse(f)
	if err != nil {
		return Capture{}, fmt.Errorf("replay %s: %w", d.Path, err)
	}
	name, query, _ := strings.Cut(string(c.As), "?")
	if query == "" {
		return c, nil
	}
	params, err := url.ParseQuery(query)
	if err != nil {
		return Capture{}, fmt.Errorf("replay %s: encoding: %w", d.Path, err)
	}
	for key := range params {
		if d.With.Has(key) {
			params[key] = d.With[key]
		}
	}
	c.As = scanner.Encoding(name + "?" + params.Encode())
	return c, nil
}

type stream struct {
	Capture
	rest  []byte
	speed float64
	begin int64 // µs
	once  sync.Once
	done  chan struct{}
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *stream) next() error {
	if len(s.Chunks) == 0 {
		<-s.done
		return os.ErrClosed
	}
	c := s.Chunks[0]
	if s.speed > 0 {
		select {
		case <-time.After(time.Duration(float64(c.At)/s.speed) - time.Duration(clock.Mono()-s.begin)*time.Microsecond):
		case <-s.done:
			return os.ErrClosed
		}
	}
	s.Chunks, s.rest = s.Chunks[1:], c.Data
	return nil
}

// Write takes feedback and drops it: there is no scanner to beep.
func (s *stream) Write(p []byte) (int, error) { return len(p), nil }

func (s *stream) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}
