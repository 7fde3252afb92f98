package uplink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// session is one socket.
type session struct {
	u        *Uplink
	conn     *websocket.Conn
	in       chan wire.FromServer
	ended    chan struct{} // the reader has stopped; readErr says why
	readErr  error
	producer string
	version  int // of the protocol; the oldest until the welcome says otherwise

	sent    uint64 // newest seq on its way
	acked   uint64 // newest seq that the server has committed
	leasing bool   // plates were asked for and have not come

	// verifying is the scan that was sent again to see whether the server has the same one; outcomes wait in held until it is answered.
	verifying uint64
	answers   int
	held      []scanner.Outcome
	patience  *time.Timer
}

// session dials, greets and carries until something ends it.
func (u *Uplink) session(ctx context.Context) (err error) {
	conn, err := u.dial(ctx)
	if err != nil {
		return err
	}
	s := &session{u: u, conn: conn, in: make(chan wire.FromServer, 16), ended: make(chan struct{}), producer: u.Journal.Producer(), version: wire.Oldest}
	stop := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() { s.read(stop) })
	defer func() {
		close(stop)
		if ctx.Err() != nil {
			conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
		}
		conn.Close()
		reader.Wait()
		if s.patience != nil {
			s.patience.Stop()
		}
	}()
	welcome, err := s.greet(ctx)
	if err != nil {
		return err
	}
	if u.suspect {
		return s.probe(ctx, welcome.LastSeq)
	}
	if err := s.begin(welcome); err != nil {
		return err
	}
	err = s.run(ctx)
	if errors.Is(err, errConflict) {
		u.suspect = true
	}
	return err
}

// read hands messages to the session until the socket or the session ends.
func (s *session) read(stop <-chan struct{}) {
	defer close(s.ended)
	s.conn.SetPongHandler(func(string) error { return s.conn.SetReadDeadline(time.Now().Add(silence)) })
	for {
		if s.readErr = s.conn.SetReadDeadline(time.Now().Add(silence)); s.readErr != nil {
			return
		}
		_, b, err := s.conn.ReadMessage()
		if err != nil {
			s.readErr = fmt.Errorf("read: %w", err)
			return
		}
		m, err := wire.DecodeServer(b)
		if err != nil {
			s.readErr = err
			return
		}
		select {
		case s.in <- m:
		case <-stop:
			return
		}
	}
}

// next waits for a message. Messages that came before the socket ended are handed out first: the server's last word is often why it ended.
func (s *session) next(ctx context.Context) (wire.FromServer, error) {
	select {
	case m := <-s.in:
		return m, nil
	default:
	}
	select {
	case m := <-s.in:
		return m, nil
	case <-s.ended:
		select {
		case m := <-s.in:
			return m, nil
		default:
			return wire.FromServer{}, s.readErr
		}
	case <-ctx.Done():
		return wire.FromServer{}, ctx.Err()
	}
}

func (s *session) send(m wire.FromStation) error {
	b, err := encode(m.For(s.version))
	if err != nil {
		return err
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("send %s: %w", m.Op, err)
	}
	if err := s.conn.WriteMessage(websocket.TextMessage, b); err != nil {
		return fmt.Errorf("send %s: %w", m.Op, err)
	}
	return nil
}

// greet says hello and waits for the welcome.
func (s *session) greet(ctx context.Context) (wire.FromServer, error) {
	j := s.u.Journal
	begin := s.u.Clock.Now()
	hello := wire.FromStation{Op: wire.OpHello, Versions: wire.Versions(), Producer: s.producer, NextSeq: j.NextSeq(), OutcomeSeq: j.OutcomeSeq(), Agent: s.u.Agent, Clock: begin}
	if s.u.suspect {
		hello.OutcomeSeq = j.NextSeq() - 1 // no stored answers now: they may be to other scans
	}
	if s.u.Devices != nil {
		hello.Devices = s.u.Devices()
	}
	if err := s.send(hello); err != nil {
		return wire.FromServer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	m, err := s.next(ctx)
	if err != nil {
		return wire.FromServer{}, fmt.Errorf("wait for welcome: %w", err)
	}
	if m.Op == wire.OpError {
		return wire.FromServer{}, refused(m)
	}
	if _, known := wire.Agree([]int{m.Version}); m.Op != wire.OpWelcome || !known {
		return wire.FromServer{}, &refusal{problem: wire.ErrVersion, wait: time.Minute, err: fmt.Errorf("the server answered hello with %s, version %d", m.Op, m.Version)}
	}
	if s.version = m.Version; len(hello.Devices) > 0 && len(hello.For(wire.Oldest).Devices) != len(hello.Devices) {
		poke(s.u.devices) // the hello could not name them all
	}
	end := s.u.Clock.Now()
	offset := m.ServerTime.Sub(begin.Add(end.Sub(begin) / 2))
	if err := s.lease(m.Blocks); err != nil {
		return wire.FromServer{}, err
	}
	s.acked = m.LastSeq
	s.u.set(func(l *Link) {
		l.Online, l.Problem, l.Offset, l.Station, l.Producer = true, "", offset, m.Station, s.producer
		l.Acked = min(m.LastSeq, j.NextSeq()-1)
	})
	if m.View != nil {
		s.u.Sink.Viewed(*m.View)
	}
	return m, nil
}
