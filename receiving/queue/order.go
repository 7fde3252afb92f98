package queue

import (
	"cmp"
	"slices"
	"time"

	"github.com/backdock/backdock/internal/id"
)

// Waiting is a parcel at the dock.
type Waiting struct {
	Parcel     id.Parcel
	Waybill    string
	Carrier    string
	Kind       string
	Shelf      string
	Owner      string     // code, empty while nobody knows
	Since      time.Time  // it stands at the dock
	Deadline   *time.Time // the platform's, the earliest of its cases; nil: none
	ValueMinor int64      // of what its cases await
	Currency   string
	Cases      []string
}

// Compare orders by the cost of delay: negative when a is to be fetched before b. A platform's deadline comes first, since missing it decides the case against the
// owner. Age counts in whole hours: within the hour the more valuable one goes first, or no value would ever matter.
func Compare(a, b Waiting, now time.Time) int {
	return cmp.Or(deadline(a.Deadline, b.Deadline), cmp.Compare(hours(b, now), hours(a, now)), cmp.Compare(b.ValueMinor, a.ValueMinor),
		a.Since.Compare(b.Since), cmp.Compare(a.Parcel, b.Parcel))
}

func deadline(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

func hours(w Waiting, now time.Time) int64 { return int64(now.Sub(w.Since) / time.Hour) }

// Sort orders parcels by the cost of delay.
func Sort(list []Waiting, now time.Time) {
	slices.SortFunc(list, func(a, b Waiting) int { return Compare(a, b, now) })
}
