package keyboard

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/frame"
)

func settings(t *testing.T, query string) (Settings, frame.Profile) {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	s, err := FromQuery(q, Default())
	if err != nil {
		t.Fatal(err)
	}
	base := frame.Default()
	base.KeepFirst = true
	p, err := frame.FromQuery(q, base)
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

// render writes events for comparison.
func render(events []frame.Event) string {
	var out []string
	for _, e := range events {
		switch e.Kind {
		case frame.Complete, frame.NoRead, frame.Overflow:
			out = append(out, fmt.Sprintf("%s %q", e.Kind, e.Data))
		default:
			why, _, _ := strings.Cut(e.Why, ":")
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %d %s", e.Kind, e.Lost, why)))
		}
	}
	return strings.Join(out, "; ")
}

const ms = time.Millisecond
