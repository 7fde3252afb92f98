package expected

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/backdock/backdock/internal/id"
)

// cursor is where a station stands. It means something to this feed only; a station keeps it as text.
type cursor struct {
	epoch     string
	warehouse id.Warehouse
	phase     phase
	from      int64 // changes from this mark on are not known yet
	to        int64 // of a run under way: the mark that is known once it has ended
	last      int64 // of a run under way: newest row told
}

type phase byte

const (
	idle      phase = 'i' // everything before from is known
	changes   phase = 'd' // within a run of deltas
	cases     phase = 'c' // within a snapshot, at its cases
	shipments phase = 's' // within a snapshot, at the parcels that come back unopened
)

func (c cursor) String() string {
	return fmt.Sprintf("%s.%d.%c.%d.%d.%d", c.epoch, c.warehouse, c.phase, c.from, c.to, c.last)
}

// parse reads a cursor. ok is false for what no cursor of this warehouse and epoch looks like: the station gets everything anew.
func parse(s, epoch string, w id.Warehouse) (c cursor, ok bool) {
	part := strings.Split(s, ".")
	if len(part) != 6 || part[0] != epoch || len(part[2]) != 1 {
		return c, false
	}
	var n [4]int64
	for i, text := range []string{part[1], part[3], part[4], part[5]} {
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil || v < 0 {
			return c, false
		}
		n[i] = v
	}
	c = cursor{epoch: epoch, warehouse: id.Warehouse(n[0]), phase: phase(part[2][0]), from: n[1], to: n[2], last: n[3]}
	return c, c.warehouse == w && strings.ContainsRune("idcs", rune(c.phase))
}
