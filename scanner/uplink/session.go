package uplink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/journal"
	"github.com/backdock/backdock/scanner/wire"
)

// verifyPatience is how long a server may leave a repeated scan unanswered. The conflict it would have found comes at once, so silence passes.
const verifyPatience = 5 * time.Second

// session is one socket.
type session struct {
	u        *Uplink
	conn     *websocket.Conn
	in       chan wire.FromServer
	ended    chan struct{} // the reader has stopped; readErr says why
	readErr  error
	producer string

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
	s := &session{u: u, conn: conn, in: make(chan wire.FromServer, 16), ended: make(chan struct{}), producer: u.Journal.Producer()}
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
	b, err := encode(m)
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
	hello := wire.FromStation{Op: wire.OpHello, Versions: []int{wire.Version}, Producer: s.producer, NextSeq: j.NextSeq(), OutcomeSeq: j.OutcomeSeq(), Agent: s.u.Agent, Clock: begin}
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
	if m.Op != wire.OpWelcome || m.Version != wire.Version {
		return wire.FromServer{}, &refusal{problem: wire.ErrVersion, wait: time.Minute, err: fmt.Errorf("the server answered hello with %s, version %d", m.Op, m.Version)}
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

// begin decides where to go on.
func (s *session) begin(w wire.FromServer) error {
	j := s.u.Journal
	stored, next, first := j.OutcomeSeq(), j.NextSeq(), j.FirstSeq()
	s.sent = w.LastSeq
	switch {
	case w.LastSeq >= next:
		// The server has scans that this journal never wrote: the disk was restored from a copy.
		s.u.suspect = true
		return fmt.Errorf("%w: the server has %d scans, the journal %d", errConflict, w.LastSeq, next-1)
	case w.LastSeq < stored:
		return s.again(w.LastSeq, first)
	case w.LastSeq > stored:
		return s.verify(stored, w.LastSeq)
	}
	return nil
}

// again prepares to send acknowledged scans once more, to a server that was restored from a backup.
func (s *session) again(last, first uint64) error {
	j := s.u.Journal
	if last+1 < first {
		// Those between are deleted here and lost there. The server takes no gap, so what is kept goes to a new producer.
		s.u.Log.Error("the server lost scans that this station no longer keeps", "from", last+1, "to", first-1)
		return s.renew(first)
	}
	s.u.Log.Warn("the server was restored from a backup: scans are sent again", "from", last+1, "to", j.OutcomeSeq())
	if err := j.ForgetOutcomes(last); err != nil {
		return &journalError{err}
	}
	return nil
}

// verify sends the newest committed scan without a stored outcome again. A scan that stands for one the disk lost is not what the server has: take one
// before it.
func (s *session) verify(stored, last uint64) error {
	for seq := last; seq > stored; seq-- {
		scan, err := s.one(seq)
		if err != nil {
			return err
		}
		if scan.Has(scanner.Damaged) {
			continue
		}
		s.verifying = seq
		s.patience = time.NewTimer(verifyPatience)
		return s.send(wire.FromStation{Op: wire.OpScans, Scans: []scanner.Scan{scan}})
	}
	return nil
}

func (s *session) one(seq uint64) (scanner.Scan, error) {
	scans, err := s.u.Journal.Read(seq, 1)
	if err != nil {
		return scanner.Scan{}, &journalError{err}
	}
	if len(scans) == 0 {
		return scanner.Scan{}, &journalError{fmt.Errorf("scan %d is not in the journal", seq)}
	}
	return scans[0], nil
}

// run carries until the socket ends.
func (s *session) run(ctx context.Context) error {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		if err := s.pump(); err != nil {
			return err
		}
		var patience <-chan time.Time
		if s.verifying > 0 {
			patience = s.patience.C
		}
		select {
		case m := <-s.in:
			if err := s.handle(m); err != nil {
				return err
			}
		case <-s.ended:
			return s.lastWords()
		case <-s.u.scans:
		case <-s.u.devices:
			if s.u.Devices != nil {
				if err := s.send(wire.FromStation{Op: wire.OpDevices, Devices: s.u.Devices()}); err != nil {
					return err
				}
			}
		case <-patience:
			if err := s.verified(); err != nil {
				return err
			}
		case <-ping.C:
			if err := s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTimeout)); err != nil {
				return fmt.Errorf("ping: %w", err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lastWords handles what came before the socket ended.
func (s *session) lastWords() error {
	for {
		select {
		case m := <-s.in:
			if err := s.handle(m); err != nil {
				return err
			}
		default:
			return s.readErr
		}
	}
}

// pump sends what the window allows, and asks for plates.
func (s *session) pump() error {
	if s.verifying > 0 {
		return nil
	}
	j := s.u.Journal
	for s.sent < j.NextSeq()-1 && s.sent < s.acked+Window {
		scans, err := j.Read(s.sent+1, min(BatchScans, int(s.acked+Window-s.sent)))
		if err != nil {
			return &journalError{err}
		}
		killpoint.Hit("uplink.send")
		if err := s.send(wire.FromStation{Op: wire.OpScans, Scans: scans}); err != nil {
			return err
		}
		killpoint.Hit("uplink.sent")
		s.sent = scans[len(scans)-1].Seq
	}
	if !s.leasing && j.Plates().Left() < PlatesLow {
		s.leasing = true
		return s.send(wire.FromStation{Op: wire.OpLease, Count: PlatesLease})
	}
	return nil
}

// handle takes one message of the server.
func (s *session) handle(m wire.FromServer) error {
	switch m.Op {
	case wire.OpOutcomes:
		if err := s.outcomes(m); err != nil {
			return err
		}
	case wire.OpPlates:
		s.leasing = false
		if err := s.lease(m.Blocks); err != nil {
			return err
		}
	case wire.OpError:
		if err := refused(m); s.verifying == 0 || !errors.Is(err, errGap) {
			return err
		}
		return s.verified() // this server takes no repeated scan: nothing to compare with
	case wire.OpWelcome:
		return &refusal{problem: "protocol", wait: time.Minute, err: errors.New("the server welcomed twice")}
	}
	if m.View != nil {
		s.u.Sink.Viewed(*m.View)
	}
	return nil
}

// outcomes stores answers, or holds them while it is not sure that they are to this journal's scans.
func (s *session) outcomes(m wire.FromServer) error {
	s.acked = max(s.acked, min(m.LastSeq, s.u.Journal.NextSeq()-1))
	if s.verifying == 0 {
		return s.store(m.Outcomes)
	}
	for _, o := range m.Outcomes {
		// The stored answers come first and hold the scan once; its second answer is to the repetition.
		if o.Seq == s.verifying {
			s.answers++
		}
		if len(s.held) == 0 || o.Seq > s.held[len(s.held)-1].Seq {
			s.held = append(s.held, o)
		}
	}
	if s.answers >= 2 {
		return s.verified()
	}
	return nil
}

// verified lets go of the answers that were held.
func (s *session) verified() error {
	s.verifying = 0
	held := s.held
	s.held = nil
	return s.store(held)
}

// store makes outcomes durable, which moves the cursor, and only then tells.
func (s *session) store(list []scanner.Outcome) error {
	fresh, err := s.u.Journal.StoreOutcomes(list)
	if errors.Is(err, journal.ErrGap) {
		return err // the server skipped one: the next hello says what is stored
	}
	if err != nil {
		return &journalError{err}
	}
	killpoint.Hit("uplink.stored")
	s.u.mu.Lock()
	s.u.link.Acked = s.acked
	s.u.mu.Unlock()
	s.u.Sink.Answered(s.producer, fresh, s.acked)
	return nil
}

func (s *session) lease(blocks []wire.Block) error {
	if len(blocks) == 0 {
		return nil
	}
	if err := s.u.Journal.Plates().Lease(blocks); err != nil {
		return &journalError{err}
	}
	return nil
}

// renew moves scans from seq on to a new producer.
func (s *session) renew(seq uint64) error {
	carried, err := s.u.Journal.Renew(seq)
	if err != nil {
		return &journalError{err}
	}
	s.u.suspect = false
	producer := s.u.Journal.Producer()
	s.u.Log.Warn("the journal of this station was a copy: it goes on under a new producer", "old", s.producer, "new", producer, "carried", carried)
	s.u.set(func(l *Link) { l.Producer, l.Acked = producer, 0 })
	return errRenewed
}
