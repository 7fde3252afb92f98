//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/backdock/backdock/cmd/vmtest/ledger"
)

const (
	cutOne = 100 // codes to one that is cut off by pulling the plug
	quiet  = time.Second
)

// gun is a player with a hand that scans.
type gun struct {
	player
	ledger.Scanner
	url     string
	share   int // of a hundred scans
	codes   codes
	answers answers // nil: it waits for none
	burst   int     // codes in a row before the hand rests
	gap     time.Duration
	rest    time.Duration

	station *station
	sent    *atomic.Int64
	pulled  []ledger.Moment
}

// work scans n codes.
func (s *gun) work(n int) error {
	begin := time.Now()
	if err := s.station.opened(s.Name, 0); err != nil {
		return err
	}
	if err := s.clear(); err != nil {
		return err
	}
	// The first code after opening belongs to it.
	s.pulled = append(s.pulled, ledger.Moment{Device: s.Name, From: begin, To: time.Now().Add(quiet)})
	left := 1 + s.codes.IntN(s.burst)
	for i := range n {
		if err := s.scan(i > 0 && s.codes.IntN(cutOne) == 0); err != nil {
			return fmt.Errorf("%s, code %d: %w", s.Name, i+1, err)
		}
		s.sent.Add(1)
		if left--; left > 0 {
			time.Sleep(s.gap)
			continue
		}
		left = 1 + s.codes.IntN(s.burst)
		time.Sleep(s.gap + upTo(s.codes.Rand, s.rest))
	}
	return nil
}

func upTo(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d) + 1)) }

// scan sends one code, or its beginning.
func (s *gun) scan(cut bool) error {
	c := ledger.Sent{Code: s.codes.next(), From: time.Now(), Cut: cut}
	defer func() { s.Sent = append(s.Sent, c) }()
	if cut {
		if err := s.send(c.Code, 1+s.codes.IntN(len(c.Code))); err != nil {
			return err
		}
		return s.replug()
	}
	s.answers.drain()
	if err := s.send(c.Code, whole); err != nil {
		return err
	}
	if s.answers == nil {
		return nil
	}
	select {
	case c.Good = <-s.answers:
		c.Bad = !c.Good
		return nil
	case <-time.After(patience):
		return errNoAnswer
	}
}

// replug pulls the plug and puts it back. Meanwhile the old name is taken.
func (s *gun) replug() error {
	from := time.Now()
	before, err := s.node()
	if err != nil {
		return err
	}
	n := s.station.openings(s.Name)
	if err := s.unplug(); err != nil {
		return err
	}
	time.Sleep(upTo(s.codes.Rand, 800*time.Millisecond))
	if err := s.plug(); err != nil {
		return err
	}
	after, err := s.node()
	if err != nil {
		return err
	}
	if after != before {
		s.Renamed++
	}
	if err := s.station.opened(s.Name, n); err != nil {
		return err
	}
	s.settle()
	err = s.clear()
	s.pulled = append(s.pulled, ledger.Moment{Device: s.Name, From: from, To: time.Now()})
	return err
}

// clear ends what may be left on the line, so that answers belong to what is sent next. A scanner that waits for no answers does so only sometimes: then
// the first code has to be dropped.
func (s *gun) clear() error {
	if s.answers == nil && s.codes.IntN(2) == 0 {
		return nil
	}
	if err := s.bare(); err != nil {
		return err
	}
	if s.answers != nil {
		time.Sleep(quiet)
	}
	return nil
}
