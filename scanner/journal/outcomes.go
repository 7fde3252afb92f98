package journal

import (
	"encoding/json"
	"fmt"

	"github.com/backdock/backdock/scanner"
)

// StoreOutcomes makes the server's answers durable; OutcomeSeq moves with them. Answers that are stored already are passed over: the first one stands.
// It returns those that were new. Answers beyond the next one, or to scans that were never written, are ErrGap.
func (j *Journal) StoreOutcomes(list []scanner.Outcome) ([]scanner.Outcome, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	next := j.outcomes.next()
	var payloads [][]byte
	for len(list) > 0 && list[0].Seq < next {
		list = list[1:]
	}
	for i, o := range list {
		if o.Seq != next+uint64(i) || o.Seq >= j.scans.next() {
			return nil, fmt.Errorf("store outcomes: %w: got %d, stored up to %d, written up to %d", ErrGap, o.Seq, next-1, j.scans.next()-1)
		}
		b, err := json.Marshal(o)
		if err != nil {
			return nil, fmt.Errorf("store outcomes: %w", err)
		}
		payloads = append(payloads, b)
	}
	if len(payloads) == 0 {
		return nil, nil
	}
	if err := j.outcomes.append(payloads...); err != nil {
		// The same disk holds the scans: a station that can no longer learn outcomes must not go on beeping.
		j.scans.failed = j.outcomes.failed
		return nil, fmt.Errorf("store outcomes: %w", err)
	}
	return list, j.trim()
}

// trim deletes what nobody needs any more.
func (j *Journal) trim() error {
	if err := j.scans.trim(j.outcomes.next()-1, KeepSegments); err != nil {
		return fmt.Errorf("trim journal: %w", err)
	}
	// A segment of outcomes goes when all its scans have gone.
	if err := j.outcomes.trim(j.scans.first()-1, 0); err != nil {
		return fmt.Errorf("trim journal: %w", err)
	}
	return nil
}

// ForgetOutcomes drops the outcomes above seq: the server was restored from a backup and will answer those scans again.
func (j *Journal) ForgetOutcomes(seq uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.outcomes.cut(seq); err != nil {
		return fmt.Errorf("forget outcomes: %w", err)
	}
	return nil
}

// Entry is a scan with its outcome, nil while there is none.
type Entry struct {
	Scan    scanner.Scan
	Outcome *scanner.Outcome
}

// Recent returns the newest n scans, newest first.
func (j *Journal) Recent(n int) ([]Entry, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	var out []Entry
	for seq := j.scans.next() - 1; seq >= j.scans.first() && len(out) < n; seq-- {
		b, err := j.scans.payload(seq)
		if err != nil {
			return nil, fmt.Errorf("recent scans: %w", err)
		}
		s, err := decodeScan(seq, b)
		if err != nil {
			return nil, err
		}
		e := Entry{Scan: s}
		if seq >= j.outcomes.first() && seq < j.outcomes.next() {
			if e.Outcome, err = j.outcome(seq); err != nil {
				return nil, fmt.Errorf("recent scans: %w", err)
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// Outcomes returns stored outcomes of the present producer from seq on, at most max, in their order.
func (j *Journal) Outcomes(from uint64, max int) ([]scanner.Outcome, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	var out []scanner.Outcome
	for seq := from; seq < j.outcomes.next() && len(out) < max; seq++ {
		o, err := j.outcome(seq)
		if err != nil {
			return nil, fmt.Errorf("read outcomes: %w", err)
		}
		out = append(out, *o)
	}
	return out, nil
}

// Outcome returns the stored outcome of a scan, nil when there is none, or none any more.
func (j *Journal) Outcome(seq uint64) (*scanner.Outcome, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if seq < j.outcomes.first() || seq >= j.outcomes.next() {
		return nil, nil
	}
	return j.outcome(seq)
}

func (j *Journal) outcome(seq uint64) (*scanner.Outcome, error) {
	b, err := j.outcomes.payload(seq)
	if err != nil {
		return nil, err
	}
	o := new(scanner.Outcome)
	if err := json.Unmarshal(b, o); err != nil {
		return nil, fmt.Errorf("outcome %d: %w", seq, err)
	}
	return o, nil
}
