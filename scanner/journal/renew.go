package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/killpoint"
)

// Renew starts a new producer and carries the scans from seq on into it, renumbered from 1, for the case that the server cannot take them under the old
// one. The caller must know that the server has none of them. The old journal stays aside and is never sent from again: the switch is one rename, before
// which the copies do not count and after which the originals do not.
func (j *Journal) Renew(from uint64) (carried int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.scans.failed != nil {
		return 0, j.scans.failed
	}
	if from < j.scans.first() {
		return 0, fmt.Errorf("renew journal: scan %d is no longer kept", from)
	}
	producer := id.Producer()
	home := j.home(producer)
	if err := os.Mkdir(home, 0o700); err != nil {
		return 0, fmt.Errorf("renew journal: %w", err)
	}
	scans, _, err := openLog(home, "scans", j.size, scanHits, lostScan)
	if err != nil {
		return 0, fmt.Errorf("renew journal: %w", err)
	}
	outcomes, _, err := openLog(home, "outcomes", j.size, outcomeHits, nil)
	if err != nil {
		return 0, errors.Join(fmt.Errorf("renew journal: %w", err), scans.close())
	}
	err = j.carry(scans, from)
	if err == nil {
		killpoint.Hit("journal.carried")
		err = j.point(producer)
	}
	if err != nil {
		return 0, errors.Join(fmt.Errorf("renew journal: %w", err), scans.close(), outcomes.close(), os.RemoveAll(home))
	}
	killpoint.Hit("journal.renewed")
	carried = int(scans.next() - 1)
	old := []*log{j.scans, j.outcomes}
	j.producer, j.scans, j.outcomes = producer, scans, outcomes
	return carried, errors.Join(old[0].close(), old[1].close())
}

// carry copies scans without their old numbers. Each append is durable, which is slow and right: this happens once in a station's life.
func (j *Journal) carry(to *log, from uint64) error {
	for seq := from; seq < j.scans.next(); seq++ {
		b, err := j.scans.payload(seq)
		if err != nil {
			return err
		}
		s, err := decodeScan(seq, b)
		if err != nil {
			return err
		}
		s.Seq = to.next()
		if b, err = json.Marshal(s); err != nil {
			return err
		}
		if err := to.append(b); err != nil {
			return err
		}
	}
	return nil
}

// Aside lists the producers whose journals are kept but no longer sent from.
func (j *Journal) Aside() ([]string, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	entries, err := os.ReadDir(filepath.Join(j.dir, "journals"))
	if err != nil {
		return nil, fmt.Errorf("list journals: %w", err)
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != j.producer {
			out = append(out, e.Name())
		}
	}
	return out, nil
}
