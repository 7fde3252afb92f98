package match

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/id"
)

// Evidence is what a parcel of unknown owner tells about itself.
type Evidence struct {
	Serials   []string       // read from pieces; also codes that no catalogue has: one of a kind
	SKUs      map[id.SKU]int // pieces by product; a code that several owners sell counts for each of their SKUs
	Pieces    int
	Slips     []string // order or case numbers found inside
	WeightG   int      // 0: not weighed
	Carrier   string
	Tail      string // blind index of the phone's last digits, where the label shows them
	ArrivedAt time.Time
}

// Claimant is an order, or a case of it, that may explain the parcel.
type Claimant struct {
	Case        id.Case // 0: an order without a case that waits for goods
	Order       id.Order
	CaseNumber  string
	OrderNumber string
	Shop        string
	Waits       bool // the case still awaits goods
	Awaits      []Awaits
	Serials     []string // shipped on its lines
	PackedG     int      // weight of what went out; 0: not known
	Carriers    []string // of what went out, or of what the buyer says is under way
	Tail        string
	ShippedAt   time.Time
	AskedAt     time.Time // when the case was submitted
	Deadline    time.Time // the platform's; zero: none
}

// Awaits is a product that may come back, and how many pieces of it.
type Awaits struct {
	SKU      id.SKU
	Quantity int
}

// Why a claimant may be the owner.
type Why string

const (
	BySerial  Why = "serial"   // detail: the serial
	BySlip    Why = "slip"     // detail: the number on the paper
	ByExact   Why = "sku_set"  // exactly these pieces are awaited
	BySome    Why = "sku_part" // detail: how many of the pieces fit
	ByTail    Why = "phone_tail"
	ByWeight  Why = "weight" // detail: grams it went out with
	ByCarrier Why = "carrier"
	ByDate    Why = "date"
	ByWaiting Why = "waiting"
)

// points of a reason. What is one of a kind outweighs everything that many parcels share.
var points = map[Why]int{BySerial: 100, BySlip: 100, ByExact: 40, BySome: 20, ByTail: 25, ByWeight: 10, ByWaiting: 8, ByDate: 5, ByCarrier: 3}

// Reason is one thing that speaks for a claimant.
type Reason struct {
	Why    Why
	Detail string
	Points int
}

// Candidate is a claimant with what speaks for it.
type Candidate struct {
	Claimant
	Score   int
	Reasons []Reason
}

// window is how long after its shipping or its case a parcel may still be on its way back.
const window = 60 * 24 * time.Hour

// Owners ranks who may own a parcel, the likeliest first. Whoever has nothing of its own to show (a serial, a paper, the phone's tail, all the pieces or all that is
// awaited) is left out: a weight and a date fit thousands.
func Owners(e Evidence, claimants []Claimant) []Candidate {
	var out []Candidate
	for _, c := range claimants {
		if k := weighUp(e, c); k.strong() {
			out = append(out, k)
		}
	}
	slices.SortStableFunc(out, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), compareTimes(a.Deadline, b.Deadline), b.AskedAt.Compare(a.AskedAt), cmp.Compare(b.Case, a.Case), cmp.Compare(b.Order, a.Order))
	})
	return out
}

func compareTimes(a, b time.Time) int {
	switch {
	case a.Equal(b):
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

func (c Candidate) strong() bool {
	return slices.ContainsFunc(c.Reasons, func(r Reason) bool {
		return r.Why == BySerial || r.Why == BySlip || r.Why == ByExact || r.Why == ByTail || r.Why == BySome && r.Points == points[BySome]
	})
}

func weighUp(e Evidence, c Claimant) Candidate {
	k := Candidate{Claimant: c}
	add := func(why Why, detail string, n int) {
		k.Score += n
		k.Reasons = append(k.Reasons, Reason{why, detail, n})
	}
	for _, s := range e.Slips {
		if s != "" && (strings.EqualFold(s, c.CaseNumber) || strings.EqualFold(s, c.OrderNumber)) {
			add(BySlip, s, points[BySlip])
			break
		}
	}
	for _, s := range e.Serials {
		if slices.Contains(c.Serials, s) {
			add(BySerial, s, points[BySerial])
		}
	}
	k.products(e, add)
	if e.Tail != "" && e.Tail == c.Tail {
		add(ByTail, "", points[ByTail])
	}
	if near(e.WeightG, c.PackedG) {
		add(ByWeight, itoa(c.PackedG), points[ByWeight])
	}
	if c.Waits {
		add(ByWaiting, "", points[ByWaiting])
	}
	if within60(c.ShippedAt, e.ArrivedAt) || within60(c.AskedAt, e.ArrivedAt) {
		add(ByDate, "", points[ByDate])
	}
	if e.Carrier != "" && slices.Contains(c.Carriers, e.Carrier) {
		add(ByCarrier, e.Carrier, points[ByCarrier])
	}
	return k
}

// products compares the pieces with what is awaited: they are the same; one holds all of the other; or they share some.
func (c Candidate) products(e Evidence, add func(Why, string, int)) {
	if e.Pieces == 0 {
		return
	}
	awaited, fit := 0, 0
	for _, a := range c.Awaits {
		awaited += a.Quantity
		fit += min(a.Quantity, e.SKUs[a.SKU])
	}
	switch {
	case fit == 0:
	case fit == e.Pieces && fit == awaited:
		add(ByExact, itoa(fit), points[ByExact])
	case fit == e.Pieces || fit == awaited:
		add(BySome, itoa(fit), points[BySome])
	default:
		add(BySome, itoa(fit), points[BySome]*fit/(e.Pieces+1))
	}
}

// near allows what a box may differ by: 15 %, at least 100 g.
func near(a, b int) bool {
	if a <= 0 || b <= 0 {
		return false
	}
	return max(a-b, b-a) <= max(100, b*15/100)
}

func within60(at, arrived time.Time) bool {
	return !at.IsZero() && !arrived.IsZero() && at.Sub(arrived).Abs() <= window && at.Before(arrived.Add(window/4))
}

func itoa(n int) string { return strconv.Itoa(n) }
