package refund_test

import (
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

func TestListPagesAndNarrows(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		b := newBed(t, d, 1500)
		var cases []claim
		for _, paid := range []int64{1000, 2000, 1000, 2000, 1000} {
			c := b.approved(b.order([]spec{{1, paid}}, paid))
			b.mustAsk(refund.ForCase(c.id))
			cases = append(cases, c)
		}
		count := func(f refund.Filter) int {
			t.Helper()
			n := 0
			f.Limit = 2
			for {
				page, err := refund.List(d.Read, f)
				if err != nil || len(page) > 2 {
					t.Fatal(page, err)
				}
				if len(page) == 0 {
					return n
				}
				n, f.Before = n+len(page), page[len(page)-1].ID
			}
		}
		for what, c := range map[string]struct {
			f    refund.Filter
			want int
		}{
			"all":         {refund.Filter{}, 5},
			"waiting":     {refund.Filter{States: []refund.State{refund.StateRequested}}, 2},
			"two states":  {refund.Filter{States: []refund.State{refund.StateRequested, refund.StateAuthorized}}, 5},
			"a case":      {refund.Filter{Case: cases[1].id}, 1},
			"other owner": {refund.Filter{Owners: []id.Owner{7}}, 0},
			"own shop":    {refund.Filter{Shops: []id.Shop{1}}, 5},
		} {
			if got := count(c.f); got != c.want {
				t.Errorf("%s: %d, want %d", what, got, c.want)
			}
		}
		rs, err := refund.List(d.Read, refund.Filter{States: []refund.State{refund.StateAuthorized}})
		if err != nil {
			t.Fatal(err)
		}
		b.run(rs[0], 0)
		as, err := refund.Attempts(d.Read, rs[0].ID)
		if err != nil || len(as) != 1 || as[0].Kind != "send" || as[0].Effect != "accepted" || as[0].FinishedAt == nil {
			t.Fatalf("%+v %v", as, err)
		}
		_, err = refund.Get(d.Read, "R-none")
		wantCode(t, err, fault.NotFound, "refund_not_found")
	})
}
