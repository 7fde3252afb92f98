package journal

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// Whatever the server leases, repeats or overlaps and whenever the agent is killed or stopped, no plate is given out twice and none that was not leased.
func TestPlatesNeverTwice(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		path := t.TempDir() + "/plates.json"
		leased, given := map[int64]bool{}, map[int64]bool{}
		p := new(Plates)
		if err := p.open(path); err != nil {
			r.Fatal(err)
		}
		r.Repeat(map[string]func(*rapid.T){
			"lease": func(r *rapid.T) {
				b := wire.Block{First: rapid.Int64Range(1, 300).Draw(r, "first"), Count: rapid.IntRange(1, 60).Draw(r, "count")}
				if err := p.Lease([]wire.Block{b}); err != nil {
					r.Fatal(err)
				}
				for n := b.First; n < b.First+int64(b.Count); n++ {
					leased[n] = true
				}
			},
			"take": func(r *rapid.T) {
				for range rapid.IntRange(1, 40).Draw(r, "n") {
					n, ok, err := p.Take()
					if err != nil {
						r.Fatal(err)
					}
					if !ok {
						return
					}
					if given[n] || !leased[n] {
						r.Fatalf("plate %d: given before %v, leased %v", n, given[n], leased[n])
					}
					given[n] = true
				}
			},
			"kill": func(r *rapid.T) {
				p = new(Plates)
				if err := p.open(path); err != nil {
					r.Fatal(err)
				}
			},
			"stop": func(r *rapid.T) {
				left := p.Left()
				if err := p.giveBack(); err != nil {
					r.Fatal(err)
				}
				p = new(Plates)
				if err := p.open(path); err != nil {
					r.Fatal(err)
				}
				if p.Left() != left {
					r.Fatalf("a clean stop lost %d plates", left-p.Left())
				}
			},
		})
	})
}

func TestPlatesManyBlocks(t *testing.T) {
	t.Parallel()
	p := new(Plates)
	if err := p.open(t.TempDir() + "/plates.json"); err != nil {
		t.Fatal(err)
	}
	var blocks []wire.Block
	for i := range int64(knownBlocks + 50) {
		blocks = append(blocks, wire.Block{First: 1 + 10*i, Count: 1})
	}
	if err := p.Lease(blocks); err != nil {
		t.Fatal(err)
	}
	left := p.Left()
	if err := p.Lease(blocks[:60]); err != nil {
		t.Fatal(err)
	}
	if p.Left() != left {
		t.Fatal("a block older than the list was leased again")
	}
	for _, bad := range []wire.Block{{First: 0, Count: 1}, {First: 1, Count: 0}, {First: scanner.MaxPlate, Count: 2}} {
		if err := p.Lease([]wire.Block{bad}); err == nil {
			t.Errorf("block %+v was taken", bad)
		}
	}
}
