package api

import (
	"testing"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
)

// Reading a bench anew is a dozen queries: a line does it for what others changed, not for its own scans, which every bench hears of many times a second.
func TestALineReadsItsBenchAnewOnlyForWhatItHasNotShown(t *testing.T) {
	for _, c := range []struct {
		name string
		data event.Data
		due  bool
	}{
		{"its own scan", event.Data{"bench": 7.0, "bench_version": 41.0}, false},
		{"an older one", event.Data{"bench": 7.0, "bench_version": 40.0}, false},
		{"a newer one", event.Data{"bench": 7.0, "bench_version": 42.0}, true},
		{"somebody who gives no version", event.Data{"bench": 7.0}, true},
		{"another bench", event.Data{"bench": 8.0, "bench_version": 99.0}, false},
		{"no bench", event.Data{"parcel": 3.0}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &line{who: entrant{Station: auth.Station{ID: 1, Bench: 7}}, viewDue: make(chan struct{}, 1)}
			l.view.Store(41)
			ss := &stations{current: map[id.Station]*line{1: l}}
			ss.saw([]event.Event{{Type: "backdock.unit.received.v1", Data: c.data}})
			if got := len(l.viewDue) == 1; got != c.due {
				t.Errorf("due: %v", got)
			}
		})
	}
}
