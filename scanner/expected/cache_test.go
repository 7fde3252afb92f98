package expected

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/disk"
	"github.com/backdock/backdock/scanner/wire"
)

var at = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// model is what a cache must know, kept the plain way.
type model struct {
	returns map[uint64]wire.ExpectedReturn
	skus    map[uint64]wire.ExpectedSKU
}

func newModel() *model {
	return &model{map[uint64]wire.ExpectedReturn{}, map[uint64]wire.ExpectedSKU{}}
}

func (m *model) apply(p wire.ExpectedPage) {
	if p.Begin {
		*m = *newModel()
	}
	for _, s := range p.SKUs {
		m.skus[s.ID] = s
	}
	for _, r := range p.Returns {
		m.returns[r.Ref] = r
	}
	for _, ref := range p.Gone {
		delete(m.returns, ref)
	}
}

func (m *model) clone() *model {
	c := newModel()
	for k, v := range m.returns {
		c.returns[k] = v
	}
	for k, v := range m.skus {
		c.skus[k] = v
	}
	return c
}

// check compares every answer that a cache gives with the model's.
func (m *model) check(t *testing.T, c *Cache) {
	t.Helper()
	_, _, returns, products := c.Size()
	if returns != len(m.returns) || products != len(m.skus) {
		t.Fatalf("%d returns and %d products, want %d and %d", returns, products, len(m.returns), len(m.skus))
	}
	numbers := map[uint64][]string{}
	for _, r := range m.returns {
		for _, k := range r.Keys {
			numbers[k.Sum] = append(numbers[k.Sum], fmt.Sprint(r, k.Role))
		}
		for _, l := range r.Lines {
			for _, serial := range l.Serials {
				if !slices.Contains(c.Serial(serial), l.SKU) {
					t.Fatalf("serial %d of SKU %d is not found", serial, l.SKU)
				}
			}
		}
	}
	for sum, want := range numbers {
		var got []string
		for _, h := range c.Number(sum) {
			got = append(got, fmt.Sprint(h.ExpectedReturn, h.Role))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("number %d leads to %v, want %v", sum, got, want)
		}
	}
	for _, s := range m.skus {
		for _, code := range s.Codes {
			if !slices.Contains(c.Code(code), s.ID) {
				t.Fatalf("code %d of SKU %d is not found", code, s.ID)
			}
		}
	}
	if len(c.Number(1)) > 0 || len(c.Code(2)) > 0 || len(c.Serial(3)) > 0 {
		t.Fatal("something is found that nobody put there")
	}
}

// dealer makes pages as a server would: numbers that cases share, products that change, returns that come, change and go.
type dealer struct {
	*rand.Rand
	last uint64
	page int
}

func (d *dealer) sum(n uint64) uint64 { return mix(n + 1000) }

func (d *dealer) next(begin, complete bool, n int) wire.ExpectedPage {
	d.page++
	p := wire.ExpectedPage{Begin: begin, Complete: complete, Cursor: fmt.Sprint("page ", d.page)}
	for range n {
		ref := d.last + 1
		if d.last > 0 && d.IntN(3) == 0 {
			ref = 1 + d.Uint64N(d.last)
		}
		d.last = max(d.last, ref)
		if d.IntN(5) == 0 {
			p.Gone = append(p.Gone, ref)
			continue
		}
		r := wire.ExpectedReturn{Ref: ref, Over: d.IntN(9) == 0}
		for role := range wire.Role(1 + d.IntN(5)) {
			r.Keys = append(r.Keys, wire.ExpectedKey{Role: role + 1, Sum: d.sum(ref/2*8 + uint64(role))}) // two returns share numbers
		}
		for range 1 + d.IntN(3) {
			sku := 1 + d.Uint64N(40)
			p.SKUs = append(p.SKUs, wire.ExpectedSKU{ID: sku, Codes: []uint64{d.sum(sku << 20), d.sum(sku<<20 + d.Uint64N(2))}})
			l := wire.ExpectedLine{SKU: sku, Count: 1 + d.Uint64N(3)}
			if d.IntN(4) == 0 {
				l.Serials = []uint64{d.sum(ref<<32 + sku)}
			}
			r.Lines = append(r.Lines, l)
		}
		p.Gone = slices.DeleteFunc(p.Gone, func(g uint64) bool { return g == ref })
		p.Returns = append(slices.DeleteFunc(p.Returns, func(o wire.ExpectedReturn) bool { return o.Ref == ref }), r)
	}
	for _, g := range p.Gone {
		p.Returns = slices.DeleteFunc(p.Returns, func(o wire.ExpectedReturn) bool { return o.Ref == g })
	}
	return p
}

func apply(t *testing.T, c *Cache, p wire.ExpectedPage) {
	t.Helper()
	if _, err := c.Apply(p.Encode(), at); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *Cache {
	t.Helper()
	c, err := Open(dir, 7)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Property: after any run of pages, and after any restart, the cache answers like a plain map of the same pages.
func TestCacheKnowsWhatItWasTold(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			d := &dealer{Rand: rand.New(rand.NewPCG(seed, 1))}
			dir := t.TempDir()
			c, m := open(t, dir), newModel()
			for round := range 60 {
				begin := round == 0 || d.IntN(20) == 0
				pages := 1 + d.IntN(3)
				for i := range pages {
					p := d.next(begin && i == 0, i == pages-1, d.IntN(40))
					apply(t, c, p)
					m.apply(p)
				}
				if c.Since() != at || c.Cursor() != fmt.Sprint("page ", d.page) {
					t.Fatalf("cursor %q since %s", c.Cursor(), c.Since())
				}
				if round%7 == 0 {
					c.Close()
					c = open(t, dir)
					if c.Discarded() != "" {
						t.Fatal(c.Discarded())
					}
				}
				if round%3 == 0 {
					m.check(t, c)
				}
			}
			m.check(t, c)
		})
	}
}

// A snapshot is in force when it is complete, not before; one that does not go on changes nothing.
func TestSnapshotIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := &dealer{Rand: rand.New(rand.NewPCG(1, 1))}
	c, m := open(t, dir), newModel()
	if c.Known() || c.Cursor() != "" {
		t.Fatal("an empty cache knows something")
	}
	if _, err := c.Apply(d.next(false, true, 3).Encode(), at); !errors.Is(err, ErrOrder) {
		t.Fatalf("a delta on nothing: %v", err)
	}
	first := d.next(true, true, 30)
	apply(t, c, first)
	m.apply(first)
	apply(t, c, d.next(true, false, 30))
	if !c.Begun() || !c.Known() {
		t.Fatal("a snapshot under way hides the one in force")
	}
	m.check(t, c)
	c.Abandon()
	delta := d.next(false, true, 10)
	apply(t, c, delta)
	m.apply(delta)
	m.check(t, c)
	apply(t, c, d.next(true, false, 30))
	c.Close()
	m.check(t, open(t, dir))
	if _, err := os.Stat(filepath.Join(dir, FileName+disk.Part)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the rest of a snapshot: %v", err)
	}
}

// A file that is cut or changed at any byte is either thrown away or good up to a page before the damage: what it answers was true at its cursor.
func TestDamageNeverLies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := &dealer{Rand: rand.New(rand.NewPCG(3, 1))}
	c := open(t, dir)
	states, m := map[string]*model{}, newModel()
	for i := range 5 {
		p := d.next(i == 0, i != 0, 4)
		apply(t, c, p)
		m.apply(p)
		if p.Complete {
			states[p.Cursor] = m.clone()
		}
	}
	c.Close()
	whole, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	discarded, kept := 0, 0
	try := func(what string, b []byte) {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, FileName), b, 0o600); err != nil {
			t.Fatal(err)
		}
		c := open(t, dir)
		if c.Discarded() != "" {
			discarded++
			if c.Known() || c.Cursor() != "" {
				t.Fatalf("%s: thrown away, and still known", what)
			}
			if discarded%40 == 1 {
				apply(t, c, d.next(true, true, 2)) // it can be fetched again
			}
			return
		}
		kept++
		want := states[c.Cursor()]
		if want == nil {
			t.Fatalf("%s: cursor %q", what, c.Cursor())
		}
		want.check(t, c)
	}
	for i := range whole {
		try(fmt.Sprint("cut at ", i), whole[:i])
		b := slices.Clone(whole)
		b[i] ^= 0x21
		try(fmt.Sprint("changed at ", i), b)
	}
	if discarded == 0 || kept == 0 {
		t.Errorf("%d thrown away, %d kept: one case was never met", discarded, kept)
	}
	other, err := Open(dir, 8)
	if err != nil || other.Discarded() == "" || other.Known() {
		t.Errorf("the file of another enrolment: %q, %v", other.Discarded(), err)
	}
}

// Deltas make the file long; it is written anew from memory before it is more than twice what it holds.
func TestFileStaysShort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := &dealer{Rand: rand.New(rand.NewPCG(5, 1)), last: 200}
	c, m := open(t, dir), newModel()
	m.apply(wire.ExpectedPage{Begin: true})
	apply(t, c, wire.ExpectedPage{Begin: true, Complete: true})
	written := int64(0)
	for range 400 {
		d.last = 200
		p := d.next(false, true, 160)
		apply(t, c, p)
		m.apply(p)
		written += int64(len(p.Encode()))
		if memory, size, _, _ := c.Size(); size > 3<<20 || memory > 6<<20 {
			t.Fatalf("%d bytes on the disk, %d in memory, %d were written", size, memory, written)
		}
	}
	if written < 3<<20 {
		t.Fatalf("only %d bytes were written", written)
	}
	m.check(t, c)
	c.Close()
	c = open(t, dir)
	m.check(t, c)
	if c.Since() != at {
		t.Errorf("since %s", c.Since())
	}
}
