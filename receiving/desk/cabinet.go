package desk

import (
	"sync"

	"github.com/backdock/backdock/internal/id"
)

// cabinet keeps the dockets of benches between batches, so that a batch does not read the parcel again. Whoever changes an open parcel raises the version of
// its bench under the bench's lock; a docket is used only at the very version at which it was put away. A miss costs reads, never truth.
type cabinet struct {
	mu    sync.Mutex
	files map[id.Bench]filed
}

type filed struct {
	version int64
	docket  *docket
}

func newCabinet() *cabinet { return &cabinet{files: map[id.Bench]filed{}} }

// take removes and returns the docket of a bench as it stood at version. While it is out, another transaction reads its own.
func (c *cabinet) take(b id.Bench, version int64) (*docket, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f, ok := c.files[b]
	if !ok || f.version != version {
		return nil, false
	}
	delete(c.files, b)
	return f.docket, true
}

// put stores what a committed transaction left on the bench.
func (c *cabinet) put(b id.Bench, version int64, d *docket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.files[b]; ok && f.version > version {
		return
	}
	c.files[b] = filed{version, d}
}
