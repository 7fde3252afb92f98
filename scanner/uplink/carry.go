package uplink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/journal"
	"github.com/backdock/backdock/scanner/wire"
)

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
