package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/backdock/backdock/scanner"
)

const (
	// printSegment holds about 2,500 entries, three to a label; keepPrints of them stay for copies and for the question whether a plate was printed before.
	printSegment = 512 << 10
	keepPrints   = 4
)

// PrintState is how far a label has come.
type PrintState string

const (
	PrintWaiting PrintState = "waiting" // nothing was sent
	PrintSending PrintState = "sending" // written before the first byte: from here on it may come out
	PrintDone    PrintState = "printed"
	PrintDoubt   PrintState = "doubt"   // sent, and nobody saw the end: a person has to look
	PrintDropped PrintState = "dropped" // not wanted any more
)

// printNext says which state may follow which. Nothing leads from sending or doubt back to the printer by itself but a proof that nothing came out.
var printNext = map[PrintState][]PrintState{
	PrintWaiting: {PrintSending, PrintDropped},
	PrintSending: {PrintDone, PrintWaiting, PrintDoubt},
	PrintDoubt:   {PrintDone, PrintWaiting, PrintDropped},
}

// PrintJob is one label: the first of a plate, or a copy that somebody asked for.
type PrintJob struct {
	ID       uint64       `json:"id"`                 // rises; the order of printing
	Plate    string       `json:"plate"`              //
	Name     string       `json:"name,omitempty"`     // of the product, in the station's language
	SKU      string       `json:"sku,omitempty"`      // its code
	Tote     scanner.Tote `json:"tote,omitempty"`     //
	Day      string       `json:"day,omitempty"`      // YYYY-MM-DD in the warehouse
	Copy     int          `json:"copy"`               // 1 is the first
	Reason   string       `json:"reason,omitempty"`   // of a copy
	At       time.Time    `json:"at"`                 // when it was asked for
	Producer string       `json:"producer,omitempty"` // of the outcome that booked the piece
	Seq      uint64       `json:"seq,omitempty"`      //
	State    PrintState   `json:"state,omitempty"`    //
}

// Prints is the durable record of what was printed, so that no plate is printed twice unless a person says so. It is safe for concurrent use.
type Prints struct {
	mu      sync.Mutex
	log     *log
	jobs    map[uint64]*PrintJob
	byPlate map[string]uint64 // newest job
	cursor  printCursor
	off     bool // the newest entry says that no printer was there
}

type printCursor struct {
	Producer string `json:"producer"`
	Seq      uint64 `json:"seq"`
}

// printEntry is one record. Exactly one field but At and Why is set.
type printEntry struct {
	Job    *PrintJob    `json:"job,omitempty"`
	Move   *printMove   `json:"move,omitempty"`
	Cursor *printCursor `json:"cursor,omitempty"`
	Off    bool         `json:"off,omitempty"`
	Lost   bool         `json:"lost,omitempty"` // stands for an entry that the disk lost
}

type printMove struct {
	ID  uint64     `json:"id"`
	To  PrintState `json:"to"`
	Why string     `json:"why,omitempty"`
	At  time.Time  `json:"at"`
}

// OpenPrints opens the record in DIR/prints. A label that was being sent when the last agent ended is in doubt. The journal's lock keeps others away.
func (j *Journal) OpenPrints(now time.Time) (p *Prints, err error) {
	return openPrints(filepath.Join(j.dir, "prints"), printSegment, now)
}

func openPrints(dir string, size int64, now time.Time) (p *Prints, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open prints: %w", err)
	}
	p = &Prints{jobs: map[uint64]*PrintJob{}, byPlate: map[string]uint64{}}
	if p.log, _, err = openLog(dir, "prints", size, hits{func() {}, func() {}, func() {}}, lostPrint); err != nil {
		return nil, fmt.Errorf("open prints: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open prints: %w", err), p.log.close())
			p = nil
		}
	}()
	for seq := p.log.first(); seq < p.log.next(); seq++ {
		b, err := p.log.payload(seq)
		if err != nil {
			return p, err
		}
		var e printEntry
		if err := json.Unmarshal(b, &e); err != nil {
			return p, fmt.Errorf("entry %d: %w", seq, err)
		}
		p.learn(seq, e)
	}
	for _, job := range p.jobs {
		if job.State == PrintSending {
			if err := p.move(job.ID, PrintDoubt, "the agent ended meanwhile", now); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}

func lostPrint(uint64) []byte { return []byte(`{"lost":true}`) }

// learn takes up one entry.
func (p *Prints) learn(seq uint64, e printEntry) {
	p.off = e.Off
	switch {
	case e.Job != nil:
		job := *e.Job
		job.ID, job.State = seq, PrintWaiting
		p.jobs[seq], p.byPlate[job.Plate] = &job, seq
		if job.Producer != "" {
			p.cursor = printCursor{job.Producer, job.Seq}
		}
	case e.Move != nil:
		if job := p.jobs[e.Move.ID]; job != nil { // else the disk lost it
			job.State = e.Move.To
		}
	case e.Cursor != nil:
		p.cursor = *e.Cursor
	}
}

func (p *Prints) enter(e printEntry) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	seq := p.log.next()
	if err := p.log.append(b); err != nil {
		return err
	}
	p.learn(seq, e)
	return nil
}

// Close lets go of the files.
func (p *Prints) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.close()
}

// Queue puts labels in the queue. A first label of a plate that has one already is passed over, whatever became of that.
func (p *Prints) Queue(jobs ...PrintJob) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, job := range jobs {
		before, known := p.byPlate[job.Plate]
		if job.Copy <= 1 && known {
			continue
		}
		if job.Copy = 1; known {
			job.Copy = p.jobs[before].Copy + 1
		}
		if err := p.enter(printEntry{Job: &job}); err != nil {
			return fmt.Errorf("queue label %s: %w", job.Plate, err)
		}
	}
	return p.trim()
}

// Move records what became of a label. The table of states is kept to.
func (p *Prints) Move(id uint64, to PrintState, why string, at time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.move(id, to, why, at)
}

func (p *Prints) move(id uint64, to PrintState, why string, at time.Time) error {
	job := p.jobs[id]
	if job == nil || !slices.Contains(printNext[job.State], to) {
		state := PrintState("unknown")
		if job != nil {
			state = job.State
		}
		return fmt.Errorf("label %d is %s and cannot become %s", id, state, to)
	}
	if err := p.enter(printEntry{Move: &printMove{ID: id, To: to, Why: why, At: at}}); err != nil {
		return fmt.Errorf("record label %s: %w", job.Plate, err)
	}
	return nil
}

// trim deletes what is long done.
func (p *Prints) trim() error {
	oldest := p.log.next()
	for id, job := range p.jobs {
		if job.State != PrintDone && job.State != PrintDropped {
			oldest = min(oldest, id)
		}
	}
	if err := p.log.trim(oldest-1, keepPrints); err != nil {
		return fmt.Errorf("trim prints: %w", err)
	}
	first := p.log.first()
	for id, job := range p.jobs {
		if id < first {
			delete(p.jobs, id)
			if p.byPlate[job.Plate] == id {
				delete(p.byPlate, job.Plate)
			}
		}
	}
	return nil
}

// Unfinished lists what waits, is under way or is in doubt, oldest first.
func (p *Prints) Unfinished() []PrintJob {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []PrintJob
	for _, job := range p.jobs {
		if job.State != PrintDone && job.State != PrintDropped {
			out = append(out, *job)
		}
	}
	slices.SortFunc(out, func(a, b PrintJob) int { return int(a.ID) - int(b.ID) })
	return out
}

// Of is the newest label of a plate.
func (p *Prints) Of(plate string) (PrintJob, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	job := p.jobs[p.byPlate[plate]]
	if job == nil {
		return PrintJob{}, false
	}
	return *job, true
}

// Cursor says up to which outcome of the producer labels were asked for. A record that is new, or was switched off since, begins at newest: what was booked
// without a printer was labelled otherwise.
func (p *Prints) Cursor(producer string, newest uint64) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.cursor.Producer == producer && !p.off:
		return p.cursor.Seq, nil
	case p.cursor.Producer != "" && !p.off:
		newest = 0 // the journal was renewed: all its outcomes are new
	}
	if err := p.enter(printEntry{Cursor: &printCursor{producer, newest}}); err != nil {
		return 0, fmt.Errorf("begin prints: %w", err)
	}
	return newest, nil
}

// SwitchOff records that this station has no printer for now. It costs nothing when nothing was ever printed.
func (p *Prints) SwitchOff() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.off || p.cursor.Producer == "" {
		return nil
	}
	return p.enter(printEntry{Off: true})
}
