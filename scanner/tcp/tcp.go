// Package tcp opens Ethernet scanners and serial device servers: tcp://host:port. The scanner listens, the station dials.
package tcp

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"
)

const (
	dialTimeout = 5 * time.Second
	dialPause   = time.Second
)

// Driver dials one scanner.
type Driver struct{ Address string }

// New reads a tcp: URL. It dials nothing.
func New(u *url.URL) (*Driver, error) {
	if u.Hostname() == "" || u.Port() == "" || (u.Path != "" && u.Path != "/") {
		return nil, fmt.Errorf("tcp URL %q: want tcp://host:port", u)
	}
	return &Driver{Address: u.Host}, nil
}

// Open dials until the scanner answers.
func (d *Driver) Open(ctx context.Context) (io.ReadWriteCloser, error) {
	// A scanner that loses power says nothing: without probes the station would show it connected for hours.
	dialer := net.Dialer{Timeout: dialTimeout, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}
	for {
		conn, err := dialer.DialContext(ctx, "tcp", d.Address)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(dialPause):
		}
	}
}
