package printer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"time"
)

// line is one opening of a printer.
type line struct {
	conn
	within time.Duration
	stop   func() bool
}

// line opens the printer. When ctx ends, whatever blocks on it ends, too.
func (p *Printer) line(ctx context.Context) (*line, error) {
	opening, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	c, err := p.open(opening)
	if err != nil {
		t := &Trouble{State: Unreachable, Err: err}
		if errors.Is(err, fs.ErrPermission) {
			t.State = Denied
		}
		return nil, t
	}
	l := &line{conn: c, within: p.Timeout}
	l.stop = context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	return l, nil
}

func (l *line) end() {
	l.stop()
	l.Close()
}

// ask sends ~HS and reads the answer.
func (l *line) ask(ctx context.Context) (Status, error) {
	if err := l.patience(ctx); err != nil {
		return Status{}, err
	}
	if _, err := l.Write([]byte("~HS\r\n")); err != nil {
		return Status{}, l.trouble(err)
	}
	var got []byte
	buf := make([]byte, 256)
	for {
		n, err := l.Read(buf)
		got = append(got, buf[:n]...)
		s, parseErr := ParseStatus(got)
		switch {
		case parseErr == nil:
			return s, nil
		case !errors.Is(parseErr, errShort) || len(got) > longestAnswer:
			return Status{}, &Trouble{State: Mute, Err: parseErr}
		case err != nil:
			return Status{}, l.trouble(err)
		}
	}
}

// patience sets the deadline of one exchange, unless ctx has ended and set its own.
func (l *line) patience(ctx context.Context) error {
	err := l.SetDeadline(time.Now().Add(l.within))
	if err == nil {
		err = ctx.Err()
	}
	if err != nil && !errors.Is(err, os.ErrNoDeadline) {
		return &Trouble{State: Unreachable, Err: err}
	}
	return nil
}

func (l *line) trouble(err error) *Trouble {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &Trouble{State: Mute, Err: errors.New("no answer in time")}
	}
	return &Trouble{State: Unreachable, Err: err}
}

// hand writes the job. One that the system did not take to its last command was not printed: its ^XZ never left.
func (l *line) hand(job []byte) error {
	job = bytes.TrimRight(job, "\r\n ")
	if err := l.patience(context.Background()); err != nil {
		return err
	}
	n, err := l.Write(job)
	if err == nil {
		return nil
	}
	t := l.trouble(err)
	t.Doubt = n == len(job)
	t.Err = fmt.Errorf("%d of %d bytes: %w", n, len(job), t.Err)
	return t
}

// farewell ends a connection to a printer that does not answer. A network printer closes when it has read everything; if it is cut instead, nobody knows what
// it has read. One that keeps the connection open has at least not refused anything.
func (l *line) farewell() error {
	c, ok := l.conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	err := c.CloseWrite()
	if err == nil {
		_, err = c.Read(make([]byte, 64))
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return &Trouble{State: Unreachable, Doubt: true, Err: err}
}

func dial(ctx context.Context, address string) (conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}
