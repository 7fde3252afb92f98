package receiving_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/backdock/backdock/receiving"
)

// The diagram in the docs is the table.
func TestStateDiagram(t *testing.T) {
	page, err := os.ReadFile("../docs/receiving.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, from := range slices.Sorted(maps.Keys(receiving.Next)) {
		name := from
		if name == "" {
			name = "[*]"
		}
		for _, to := range slices.Sorted(slices.Values(receiving.Next[from])) {
			fmt.Fprintf(&b, "    %s --> %s\n", name, to)
		}
	}
	if !strings.Contains(string(page), b.String()) {
		t.Errorf("docs/receiving.md lacks the diagram of receiving.Next:\n%s", b.String())
	}
}

func TestBecome(t *testing.T) {
	p := receiving.Parcel{ID: 7, State: receiving.Open, Version: 3}
	p.Become(receiving.Closed)
	if p.State != receiving.Closed || p.Version != 4 {
		t.Errorf("%+v", p)
	}
	defer func() {
		if recover() == nil {
			t.Error("a closed parcel was held")
		}
	}()
	p.Become(receiving.Held)
}

func TestParcelNumber(t *testing.T) {
	for s, want := range map[string]int64{"P000012": 12, "p000012": 12, " P1234567 ": 1234567, "P12": 0, "P00001x": 0, "000012": 0, "P000000": 0, "P9999999999999999": 0} {
		got, ok := receiving.ParseParcelNumber(s)
		if int64(got) != want || ok != (want != 0) {
			t.Errorf("%q: %d %v, want %d", s, got, ok, want)
		}
	}
	if s := receiving.ParcelNumber(12); s != "P000012" {
		t.Error(s)
	}
}
