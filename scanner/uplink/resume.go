package uplink

import (
	"fmt"
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// verifyPatience is how long a server may leave a repeated scan unanswered. The conflict it would have found comes at once, so silence passes.
const verifyPatience = 5 * time.Second

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
