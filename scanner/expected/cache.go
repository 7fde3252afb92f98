package expected

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner/disk"
	"github.com/backdock/backdock/scanner/wire"
)

// FileName of the cache within a station's directory.
const FileName = "expected.bin"

// ErrOrder says that a page does not follow those before it: ask for a snapshot.
var ErrOrder = errors.New("a page of expected returns does not follow the ones before it")

// Cache is what is awaited, in memory and on the disk. It is safe for concurrent use: one goroutine applies pages, others look things up.
type Cache struct {
	path string
	key  uint64
	why  string // why an old file was thrown away

	mu     sync.RWMutex
	now    *store // nil before the first snapshot is complete
	cursor string
	since  time.Time // when the snapshot was begun

	size int64 // of the file; 0: what is applied is kept in memory only

	growth *growth // of the goroutine that applies
}

// growth is a snapshot under way.
type growth struct {
	store *store
	file  *os.File
	size  int64
	since time.Time
}

// Open reads the cache in dir, empty if there is none. key names the token that its sums were made with: wire.SumKey of nothing. An unreadable file is never
// an error but is thrown away, see Discarded: it can be fetched again.
func Open(dir string, key uint64) (*Cache, error) {
	c := &Cache{path: filepath.Join(dir, FileName), key: key}
	_ = os.Remove(c.path + disk.Part) // a snapshot that was cut off; one that cannot be removed is written over
	f, err := os.OpenFile(c.path, os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open expected returns: %w", err)
	}
	g, cursor, err := load(f, key)
	if err == nil {
		err = f.Truncate(g.size)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		c.why = err.Error()
		return c, disk.Remove(c.path)
	}
	c.now, c.cursor, c.since, c.size = g.store, cursor, g.since, g.size
	return c, nil
}

// Discarded says why Open threw a file away, empty if it did not.
func (c *Cache) Discarded() string { return c.why }

// Cursor is what to ask the feed for; empty asks for a snapshot.
func (c *Cache) Cursor() string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.cursor
}

// Since is when the snapshot was begun that everything builds on; zero before there is one.
func (c *Cache) Since() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.since
}

// Apply takes one page of the feed over: into memory, and onto the disk. An error of the disk leaves the cache working from memory until the next snapshot;
// ErrOrder changes nothing. body is the page as it came, now the present.
func (c *Cache) Apply(body []byte, now time.Time) (wire.ExpectedPage, error) {
	p, err := wire.DecodeExpected(body)
	if err != nil {
		return p, err
	}
	if p.Begin {
		c.Abandon()
		c.growth = &growth{store: newStore(), since: now}
		return p, c.grow(p, body, c.growth.begin(c.path+disk.Part, c.key))
	}
	if c.growth != nil {
		return p, c.grow(p, body, nil)
	}
	if c.now == nil {
		return p, ErrOrder
	}
	c.mu.Lock()
	c.now.apply(p)
	c.cursor = p.Cursor
	c.mu.Unlock()
	return p, c.append(p, body)
}

// Begun reports whether a snapshot is under way; its pages must follow one another.
func (c *Cache) Begun() bool { return c.growth != nil }

// Abandon forgets a snapshot under way: the feed could not go on.
func (c *Cache) Abandon() {
	if c.growth != nil {
		c.growth.drop()
		c.growth = nil
	}
}

// grow adds a page to the snapshot under way and puts the snapshot in force when it is complete. failed is what the disk has said.
func (c *Cache) grow(p wire.ExpectedPage, body []byte, failed error) error {
	g := c.growth
	g.store.apply(p)
	if failed == nil && g.file != nil {
		failed = g.write(body)
	}
	if failed != nil {
		g.drop() // it goes on in memory
	}
	if p.Complete {
		c.growth = nil
		killpoint.Hit("expected.swap")
		failed = errors.Join(failed, c.put(g, p.Cursor))
		killpoint.Hit("expected.swapped")
	}
	if failed != nil {
		return fmt.Errorf("write expected returns: %w", failed)
	}
	return nil
}

// put puts a snapshot in force, on the disk first.
func (c *Cache) put(g *growth, cursor string) error {
	var failed error
	if g.file != nil {
		failed = g.replace(c.path)
	}
	if g.size == 0 || failed != nil {
		// What lies on the disk is older than what is known; a bench that is cut off would judge by it after its next start.
		g.size = 0
		failed = errors.Join(failed, disk.Remove(c.path))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.cursor, c.since, c.size = g.store, cursor, g.since, g.size
	return failed
}

// append adds a delta to the file. It is not synced: a delta that a power cut takes is asked for again.
func (c *Cache) append(p wire.ExpectedPage, body []byte) error {
	size := c.size
	if size == 0 {
		return nil
	}
	f, err := os.OpenFile(c.path, os.O_WRONLY, 0o600)
	if err == nil {
		var n int64
		n, err = writePage(f, size, body)
		size += n
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		size = 0
		err = fmt.Errorf("append expected returns: %w", errors.Join(err, disk.Remove(c.path)))
	}
	c.mu.Lock()
	c.size = size
	c.mu.Unlock()
	if err != nil {
		return err
	}
	killpoint.Hit("expected.appended")
	if p.Complete && size > 2*int64(c.now.live)+chunkSize {
		return c.compact()
	}
	return nil
}

// compact writes the file anew from memory.
func (c *Cache) compact() error {
	g := &growth{store: c.now, since: c.since}
	err := g.begin(c.path+disk.Part, c.key)
	if err == nil {
		err = g.writeAll(c.cursor)
	}
	if err != nil {
		g.drop()
		return fmt.Errorf("rewrite expected returns: %w", err) // the old file is whole, only long
	}
	return c.put(g, c.cursor)
}

// Close forgets a snapshot under way; nothing else is open between pages.
func (c *Cache) Close() { c.Abandon() }

// Size tells what the cache takes: bytes of memory, bytes on the disk, and how many returns and products it holds.
func (c *Cache) Size() (memory int, onDisk int64, returns, products int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.now == nil {
		return 0, 0, 0, 0
	}
	return c.now.size(), c.size, c.now.returns, c.now.products
}
