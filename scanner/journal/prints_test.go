package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)

func mustPrints(t interface {
	Helper()
	Fatal(...any)
}, dir string, size int64) *Prints {
	t.Helper()
	p, err := openPrints(dir, size, noon)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Whatever is asked for, printed, taken back and cut off: a plate has one first label; a label whose sending was recorded is never waiting again after a crash;
// what waits and what is in doubt outlives the agent.
func TestPrintsModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp("", "prints")
		if err != nil {
			r.Fatal(err)
		}
		defer os.RemoveAll(dir)
		p := mustPrints(r, dir, 2<<10)
		type model struct {
			state PrintState
			copy  int
		}
		jobs := map[uint64]model{}
		copies := map[string]int{}
		pick := func(states ...PrintState) (uint64, bool) {
			var ids []uint64
			for id, m := range jobs {
				if slices.Contains(states, m.state) {
					ids = append(ids, id)
				}
			}
			if len(ids) == 0 {
				return 0, false
			}
			slices.Sort(ids)
			return rapid.SampledFrom(ids).Draw(r, "job"), true
		}
		move := func(to PrintState, from ...PrintState) func(*rapid.T) {
			return func(r *rapid.T) {
				id, ok := pick(from...)
				if !ok {
					return
				}
				if err := p.Move(id, to, "", noon); err != nil {
					r.Fatal(err)
				}
				m := jobs[id]
				m.state = to
				jobs[id] = m
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"queue": func(r *rapid.T) {
				plate := fmt.Sprint("U", rapid.IntRange(1, 30).Draw(r, "plate"))
				again := rapid.Bool().Draw(r, "copy")
				job := PrintJob{Plate: plate, Name: "品名", Copy: 1}
				if again {
					job.Copy = 2
				}
				id := p.log.next()
				if err := p.Queue(job); err != nil {
					r.Fatal(err)
				}
				if copies[plate] > 0 && !again {
					if p.log.next() != id {
						r.Fatalf("a second first label of %s was queued", plate)
					}
					return
				}
				copies[plate]++
				jobs[id] = model{PrintWaiting, copies[plate]}
				if got, ok := p.Of(plate); !ok || got.ID != id || got.Copy != copies[plate] {
					r.Fatalf("%+v, want copy %d", got, copies[plate])
				}
			},
			"send":    move(PrintSending, PrintWaiting),
			"printed": move(PrintDone, PrintSending, PrintDoubt),
			"refused": move(PrintWaiting, PrintSending),
			"no":      move(PrintWaiting, PrintDoubt),
			"undo":    move(PrintDropped, PrintWaiting, PrintDoubt),
			"forbidden": func(r *rapid.T) {
				if id, ok := pick(PrintDone, PrintDropped); ok && p.Move(id, PrintSending, "", noon) == nil {
					r.Fatal("a finished label was sent again")
				}
			},
			"crash": func(r *rapid.T) {
				if err := p.log.close(); err != nil {
					r.Fatal(err)
				}
				p = mustPrints(r, dir, 2<<10)
				for id, m := range jobs {
					if m.state == PrintSending {
						jobs[id] = model{PrintDoubt, m.copy}
					}
				}
			},
			"": func(r *rapid.T) {
				open := map[uint64]PrintState{}
				for _, job := range p.Unfinished() {
					open[job.ID] = job.State
				}
				for id, m := range jobs {
					if unfinished := m.state != PrintDone && m.state != PrintDropped; unfinished && open[id] != m.state || !unfinished && open[id] != "" {
						r.Fatalf("label %d is %q, want %q", id, open[id], m.state)
					}
				}
			},
		})
		if err := p.Close(); err != nil {
			r.Fatal(err)
		}
	})
}

// The record does not grow for ever, and what is unfinished is never trimmed away.
func TestPrintsTrim(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := mustPrints(t, dir, 2<<10)
	if err := p.Queue(PrintJob{Plate: "U-old"}); err != nil {
		t.Fatal(err)
	}
	files := func() int {
		list, err := filepath.Glob(filepath.Join(dir, "*.log"))
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	print := func(plate string) {
		t.Helper()
		if err := p.Queue(PrintJob{Plate: plate}); err != nil {
			t.Fatal(err)
		}
		job, _ := p.Of(plate)
		for _, to := range []PrintState{PrintSending, PrintDone} {
			if err := p.Move(job.ID, to, "", noon); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 200 {
		print(fmt.Sprint("U", i))
	}
	if n := files(); n < keepPrints+3 {
		t.Errorf("%d files while the oldest label waits", n)
	}
	old, ok := p.Of("U-old")
	if !ok || old.State != PrintWaiting {
		t.Fatalf("%+v", old)
	}
	if err := p.Move(old.ID, PrintDropped, "undone", noon); err != nil {
		t.Fatal(err)
	}
	print("U-last")
	if n := files(); n > keepPrints+2 {
		t.Errorf("%d files are kept", n)
	}
	if len(p.jobs) > 200 {
		t.Errorf("%d labels are remembered", len(p.jobs))
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = mustPrints(t, dir, 2<<10)
	defer p.Close()
	if _, ok := p.Of("U-last"); !ok {
		t.Error("the last label is forgotten")
	}
}

func TestPrintsCursor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := mustPrints(t, dir, 2<<10)
	want := func(what, producer string, newest, want uint64) {
		t.Helper()
		if got, err := p.Cursor(producer, newest); err != nil || got != want {
			t.Errorf("%s: %d %v, want %d", what, got, err, want)
		}
	}
	if err := p.SwitchOff(); err != nil {
		t.Fatal(err)
	}
	want("a first printer begins where the journal stands", "a", 7, 7)
	if err := p.Queue(PrintJob{Plate: "U1", Producer: "a", Seq: 9}); err != nil {
		t.Fatal(err)
	}
	want("behind the last label", "a", 12, 9)
	want("all of a renewed journal", "b", 5, 0)
	if err := p.SwitchOff(); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = mustPrints(t, dir, 2<<10)
	defer p.Close()
	want("after a time without a printer", "b", 30, 30)
	want("and from there on", "b", 40, 30)
}
