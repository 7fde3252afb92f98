package tcp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The scanner is not listening yet when the station dials; later it answers, sends, is beeped at and hangs up.
func TestDialUntilThere(t *testing.T) {
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.Addr().String()
	probe.Close()
	u, err := url.Parse("tcp://" + address + "?suffix=lf")
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(u)
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		s   io.ReadWriteCloser
		err error
	}
	opened := make(chan result, 1)
	go func() { s, err := d.Open(t.Context()); opened <- result{s, err} }()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	r := <-opened
	if r.err != nil {
		t.Fatal(r.err)
	}
	defer r.s.Close()
	if _, err := conn.Write([]byte("690\n")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4)
	if _, err := io.ReadFull(r.s, b); err != nil || string(b) != "690\n" {
		t.Fatalf("read %q, %v", b, err)
	}
	if _, err := r.s.Write([]byte{6}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, b[:1]); err != nil || b[0] != 6 {
		t.Fatalf("the scanner got %x, %v", b[:1], err)
	}
	conn.Close()
	if _, err := r.s.Read(b); err == nil {
		t.Fatal("after the scanner hung up Read went on")
	}
}

func TestOpenStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&Driver{Address: "127.0.0.1:1"}).Open(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("Open gave %v", err)
	}
}

func TestURLs(t *testing.T) {
	for _, bad := range []string{"tcp://10.0.0.5", "tcp://:9100", "tcp://10.0.0.5:9100/x", "tcp:10.0.0.5"} {
		u, err := url.Parse(bad)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := New(u); err == nil {
			t.Errorf("%s gave %+v", bad, d)
		}
	}
}
