package match_test

import (
	"slices"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/match"
)

// Each reason alone: what it is worth, and whether it is enough to be offered.
func TestOwnersByReason(t *testing.T) {
	came := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	two := map[id.SKU]int{1: 1, 2: 1}
	for _, tc := range []struct {
		name    string
		e       match.Evidence
		c       match.Claimant
		offered bool
		why     match.Why
		detail  string
	}{
		{"serial", match.Evidence{Serials: []string{"A1"}}, match.Claimant{Serials: []string{"B2", "A1"}}, true, match.BySerial, "A1"},
		{"another's serial", match.Evidence{Serials: []string{"A1"}}, match.Claimant{Serials: []string{"B2"}}, false, "", ""},
		{"case number inside", match.Evidence{Slips: []string{"c1"}}, match.Claimant{CaseNumber: "C1"}, true, match.BySlip, "c1"},
		{"order number inside", match.Evidence{Slips: []string{"1001"}}, match.Claimant{OrderNumber: "1001"}, true, match.BySlip, "1001"},
		{"an empty paper names nobody", match.Evidence{Slips: []string{""}}, match.Claimant{}, false, "", ""},
		{"exactly what is awaited", match.Evidence{SKUs: two, Pieces: 2}, match.Claimant{Awaits: []match.Awaits{{SKU: 1, Quantity: 1}, {SKU: 2, Quantity: 1}}}, true, match.ByExact, "2"},
		{"all the pieces, and more is awaited", match.Evidence{SKUs: two, Pieces: 2}, match.Claimant{Awaits: []match.Awaits{{SKU: 1, Quantity: 1}, {SKU: 2, Quantity: 3}}}, true, match.BySome, "2"},
		{"all that is awaited, and more is here", match.Evidence{SKUs: two, Pieces: 2}, match.Claimant{Awaits: []match.Awaits{{SKU: 1, Quantity: 1}}}, true, match.BySome, "1"},
		{"one of two and one of two", match.Evidence{SKUs: two, Pieces: 2}, match.Claimant{Awaits: []match.Awaits{{SKU: 1, Quantity: 1}, {SKU: 3, Quantity: 1}}}, false, "", ""},
		{"phone's tail", match.Evidence{Tail: "x"}, match.Claimant{Tail: "x"}, true, match.ByTail, ""},
		{"no tail on either", match.Evidence{}, match.Claimant{}, false, "", ""},
		{"weight, courier, date and waiting fit thousands", match.Evidence{WeightG: 640, Carrier: "sf", ArrivedAt: came},
			match.Claimant{PackedG: 650, Carriers: []string{"sf"}, ShippedAt: came.AddDate(0, 0, -9), Waits: true}, false, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := match.Owners(tc.e, []match.Claimant{tc.c})
			if (len(got) == 1) != tc.offered {
				t.Fatalf("offered %+v", got)
			}
			if tc.offered && !slices.ContainsFunc(got[0].Reasons, func(r match.Reason) bool { return r.Why == tc.why && r.Detail == tc.detail && r.Points > 0 }) {
				t.Errorf("reasons %+v", got[0].Reasons)
			}
		})
	}
}

// What is one of a kind comes first; equals go by the platform's deadline, then by the newest case; the order does not hang on that of the claimants.
func TestOwnersInOrder(t *testing.T) {
	came := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	e := match.Evidence{Serials: []string{"A1"}, SKUs: map[id.SKU]int{1: 1}, Pieces: 1, WeightG: 640, ArrivedAt: came}
	await := []match.Awaits{{SKU: 1, Quantity: 1}}
	claimants := []match.Claimant{
		{Case: 1, Awaits: await},
		{Case: 2, Awaits: await, Deadline: came.Add(time.Hour)},
		{Case: 3, Serials: []string{"A1"}},
		{Case: 4, Awaits: await, PackedG: 700},
		{Case: 5, Awaits: await, Deadline: came},
		{Case: 6, Awaits: await},
	}
	want := []id.Case{3, 4, 5, 2, 6, 1}
	for range 2 {
		var got []id.Case
		for _, c := range match.Owners(e, claimants) {
			got = append(got, c.Case)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		slices.Reverse(claimants)
	}
}
