package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/disk"
	"github.com/backdock/backdock/scanner/wire"
)

const (
	// plateChunk plates are set apart at a time: their numbers are off the disk's list before the first is used, so that a crash skips numbers and never
	// gives one out twice.
	plateChunk = 32
	// knownBlocks bounds the memory of blocks that were leased before; anything below the oldest counts as known.
	knownBlocks = 4096
)

// Plates gives out leased license plate numbers. Safe for concurrent use.
type Plates struct {
	mu    sync.Mutex
	path  string
	disk  platesFile
	apart wire.Block // set apart, in memory only
}

// platesFile is what stands on the disk: what may still be given out, and which blocks were ever leased, because the server repeats a lease whose answer
// may have been lost.
type platesFile struct {
	Free  []wire.Block `json:"free"`
	Known []wire.Block `json:"known"`
	Floor int64        `json:"floor"` // numbers up to here are known as well
}

func (p *Plates) open(path string) error {
	p.path = path
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open plates: %w", err)
	}
	if err := json.Unmarshal(b, &p.disk); err != nil {
		// Guessing here could give a number out twice. Without the file the server leases new ones.
		return fmt.Errorf("open plates: %s is damaged; delete it and the server leases new numbers: %w", path, err)
	}
	return nil
}

// Lease adds blocks from the server. A number that was ever leased before is passed over.
func (p *Plates) Lease(blocks []wire.Block) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := p.disk
	next.Free = append([]wire.Block(nil), p.disk.Free...)
	next.Known = append([]wire.Block(nil), p.disk.Known...)
	changed := false
	for _, b := range blocks {
		if b.First < 1 || b.Count < 1 || b.First > scanner.MaxPlate-int64(b.Count)+1 {
			return fmt.Errorf("lease plates: block of %d from %d is out of range", b.Count, b.First)
		}
		for _, fresh := range next.unknown(b) {
			next.Free = append(next.Free, fresh)
			next.know(fresh)
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return p.save(next)
}

// Take gives out one plate, never the same twice. ok is false when none is left.
func (p *Plates) Take() (n int64, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.apart.Count == 0 {
		if err := p.setApart(); err != nil {
			return 0, false, err
		}
	}
	if p.apart.Count == 0 {
		return 0, false, nil
	}
	n = p.apart.First
	p.apart.First++
	p.apart.Count--
	return n, true, nil
}

// setApart moves a chunk from the disk's list into memory.
func (p *Plates) setApart() error {
	if len(p.disk.Free) == 0 {
		return nil
	}
	next := p.disk
	next.Free = append([]wire.Block(nil), p.disk.Free...)
	chunk := wire.Block{First: next.Free[0].First, Count: min(plateChunk, next.Free[0].Count)}
	next.Free[0].First += int64(chunk.Count)
	next.Free[0].Count -= chunk.Count
	if next.Free[0].Count == 0 {
		next.Free = next.Free[1:]
	}
	if err := p.save(next); err != nil {
		return err
	}
	p.apart = chunk
	return nil
}

// giveBack returns the chunk in memory to the disk's list, at a clean end.
func (p *Plates) giveBack() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.apart.Count == 0 {
		return nil
	}
	next := p.disk
	next.Free = append([]wire.Block{p.apart}, p.disk.Free...)
	p.apart = wire.Block{}
	return p.save(next)
}

// Left is how many plates can be given out.
func (p *Plates) Left() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.apart.Count
	for _, b := range p.disk.Free {
		n += b.Count
	}
	return n
}

func (p *Plates) save(next platesFile) error {
	b, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("save plates: %w", err)
	}
	if err := disk.WriteFile(p.path, b); err != nil {
		return fmt.Errorf("save plates: %w", err)
	}
	killpoint.Hit("plates.saved")
	p.disk = next
	return nil
}

// unknown returns the parts of b that were never leased.
func (f *platesFile) unknown(b wire.Block) []wire.Block {
	if b.First <= f.Floor {
		cut := min(int64(b.Count), f.Floor-b.First+1)
		b.First += cut
		b.Count -= int(cut)
	}
	rest := []wire.Block{b}
	for _, k := range f.Known {
		var next []wire.Block
		for _, r := range rest {
			end, kEnd := r.First+int64(r.Count), k.First+int64(k.Count)
			if left := min(end, k.First) - r.First; left > 0 {
				next = append(next, wire.Block{First: r.First, Count: int(left)})
			}
			if from := max(r.First, kEnd); from < end {
				next = append(next, wire.Block{First: from, Count: int(end - from)})
			}
		}
		rest = next
	}
	out := rest[:0]
	for _, r := range rest {
		if r.Count > 0 {
			out = append(out, r)
		}
	}
	return out
}

// know remembers a block.
func (f *platesFile) know(b wire.Block) {
	if n := len(f.Known); n > 0 && f.Known[n-1].First+int64(f.Known[n-1].Count) == b.First {
		f.Known[n-1].Count += b.Count
		return
	}
	f.Known = append(f.Known, b)
	if len(f.Known) > knownBlocks {
		f.Floor = max(f.Floor, f.Known[0].First+int64(f.Known[0].Count)-1)
		f.Known = f.Known[1:]
	}
}
