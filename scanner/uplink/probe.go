package uplink

import (
	"context"
	"errors"
	"fmt"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// probe finds where this journal and the server's copy part: each scan without an outcome is sent alone until the server names a conflict. Answers to
// those before it are stored, one by one: they are to the same scans.
func (s *session) probe(ctx context.Context, last uint64) error {
	j := s.u.Journal
	next := j.NextSeq() // scans appended from here on are newer than the server's copy in any case
	for seq := j.OutcomeSeq() + 1; seq < next && seq <= last; seq++ {
		scan, err := s.one(seq)
		if err != nil {
			return err
		}
		outcome := scanner.Outcome{Seq: seq, Verdict: scanner.Rejected, Code: scanner.CodeDamagedScan, Tone: scanner.ToneError, At: s.u.Clock.Now()}
		if !scan.Has(scanner.Damaged) {
			outcome, err = s.ask(ctx, scan)
		} // else the disk lost this one: the server has the real one, or nobody has; comparing says nothing about those behind it
		if errors.Is(err, errConflict) {
			return s.renew(seq)
		}
		if errors.Is(err, errGap) {
			return &refusal{problem: wire.ErrSeqConflict, wait: retryMax, err: fmt.Errorf("probe %d: %w", seq, err)}
		}
		if err != nil {
			return fmt.Errorf("probe %d: %w", seq, err)
		}
		if err := s.store([]scanner.Outcome{outcome}); err != nil {
			return err
		}
	}
	if last >= next {
		return s.renew(next)
	}
	s.u.suspect = false
	return errors.New("the server has the same scans after all")
}

// ask sends one scan and waits for its outcome.
func (s *session) ask(ctx context.Context, scan scanner.Scan) (scanner.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := s.send(wire.FromStation{Op: wire.OpScans, Scans: []scanner.Scan{scan}}); err != nil {
		return scanner.Outcome{}, err
	}
	for {
		m, err := s.next(ctx)
		if err != nil {
			return scanner.Outcome{}, err
		}
		switch m.Op {
		case wire.OpError:
			return scanner.Outcome{}, refused(m)
		case wire.OpPlates:
			if err := s.lease(m.Blocks); err != nil {
				return scanner.Outcome{}, err
			}
		case wire.OpOutcomes:
			for _, o := range m.Outcomes {
				if o.Seq == scan.Seq {
					return o, nil
				}
			}
		}
	}
}
