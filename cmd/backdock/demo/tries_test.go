package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/audit"
	"github.com/backdock/backdock/scanner"
)

const tries = 32

// contest is the place of the tries: one shop whose cases are paid on approval after a person's word, and as many benches as tries.
type contest struct {
	*rig
	servers []*proc
	as      []*client // the same session at each server
	guns    []*gun    // each at a bench of its own
	orders  int
}

const contestCode = "6901234567892"

func newContest(t *testing.T) *contest {
	c := &contest{}
	r, other := newPair(t, func(r *rig) {
		site := intake.Site{Warehouses: []intake.Warehouse{{Code: warehouse, Name: "一仓", TimeZone: "Asia/Shanghai"}},
			Owners: []intake.Owner{{Code: "OWN", Name: "货主", Policy: &intake.Policy{RefundTrigger: "approval", AutoLimitMinor: 0, SelfReleaseLimitMinor: 1 << 40, ScrapLimitMinor: 1 << 40, Jurisdiction: "CN"}}},
			Shops:  []intake.Shop{{Owner: "OWN", Channel: "tmall", Code: "SHOP", Name: "店", TimeZone: "Asia/Shanghai"}}}
		for n := range tries {
			site.Benches = append(site.Benches, intake.Bench{Warehouse: warehouse, Number: n + 1, Name: fmt.Sprint(n + 1), Kind: "receiving"})
		}
		r.must(r.im.Site(t.Context(), site))
		r.must(clean("catalogue", func() (intake.Report, error) {
			return r.im.Catalogue(t.Context(), []intake.SKU{{Owner: "OWN", SKU: "S", Name: "货", Category: "underwear", ValueMinor: 5000, Codes: []intake.Code{{Code: contestCode, Kind: "gtin"}}}})
		}))
	})
	c.rig, c.servers = r, []*proc{r.server, other}
	me, err := login(t.Context(), "http://"+r.server.address, "boss")
	r.must(err)
	for _, s := range c.servers {
		at := *me
		at.base = "http://" + s.address // the cookie of a host goes to all its ports
		c.as = append(c.as, &at)
	}
	for n := range tries {
		c.guns = append(c.guns, r.gun(c.servers[n%2].address, r.station(n+1)))
	}
	return c
}

// order makes an order of two pieces of half each of what the payment holds and a cent, with a case for each; their waybills are made of their numbers.
func (c *contest) order(captured int64) (cases [2]string) {
	c.orders++
	number := fmt.Sprintf("T%04d", c.orders)
	at := time.Now().AddDate(0, 0, -3)
	o := intake.Order{Shop: "SHOP", Number: number, State: "delivered", Currency: "CNY", PlacedAt: at,
		Payments: []intake.Payment{{Gateway: "wechatpay", Account: c.bank.account(), TransactionID: fmt.Sprintf("42000%023d", c.orders), OutTradeNo: "OT" + number, CapturedMinor: captured}}}
	var list []intake.Case
	for n := range cases {
		o.Lines = append(o.Lines, intake.OrderLine{Line: n + 1, SKU: "S", Quantity: 1, PriceMinor: 5001, PaidMinor: 5001})
		cases[n] = fmt.Sprintf("K%04d-%d", c.orders, n)
		list = append(list, intake.Case{Shop: "SHOP", Number: cases[n], Order: number, Type: "return_refund", Reason: "changed_mind", Currency: "CNY", SubmittedAt: at.AddDate(0, 0, 1),
			Lines: []intake.CaseLine{{Line: n + 1, Quantity: 1}}, Waybills: []intake.Waybill{{Carrier: "sf", Number: waybillOf(cases[n])}}})
	}
	c.must(clean("order", func() (intake.Report, error) { return c.im.Orders(c.t.Context(), []intake.Order{o}) }))
	c.must(clean("cases", func() (intake.Report, error) { return c.im.Cases(c.t.Context(), list) }))
	c.must(c.bank.seed(c.t.Context(), []intake.Order{o}))
	return cases
}

func waybillOf(caseNumber string) string {
	var n, k int
	_, _ = fmt.Sscanf(caseNumber, "K%04d-%d", &n, &k)
	return fmt.Sprintf("SF%010d%03d", n, k)
}

// received brings in the piece of a case at a bench and returns its plate.
func (c *contest) received(caseNumber string) string {
	c.t.Helper()
	g := c.guns[0]
	g.want(waybillOf(caseNumber), scanner.CodeParcelOpened)
	o := g.want(contestCode, scanner.CodeMatched)
	g.want("BD:DONE", scanner.CodeClosed)
	return o.Plate
}

// at does the same at once, half at each server, and counts the answers: "200", or the status with the problem's code.
func (c *contest) at(path func(n int) string, body func(n int) any) map[string]int {
	c.t.Helper()
	got := make([]string, tries)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for n := range tries {
		wg.Go(func() {
			<-start
			err := c.as[n%2].do(c.t.Context(), http.MethodPost, "/api/v1"+path(n), body(n), nil)
			p, refused := errors.AsType[*problem](err)
			switch {
			case refused:
				got[n] = fmt.Sprintf("%d %s", p.Status, p.Code)
			case err != nil:
				got[n] = err.Error()
			default:
				got[n] = "200"
			}
		})
	}
	close(start)
	wg.Wait()
	sum := map[string]int{}
	for _, g := range got {
		sum[g]++
	}
	return sum
}

func same[T any](v T) func(int) T { return func(int) T { return v } }

// wins checks that so many won and that all others were told one of the refusals.
func (c *contest) wins(act string, got map[string]int, winners int, refusals ...string) {
	c.t.Helper()
	c.t.Logf("%s: %v", act, got)
	if got["200"] != winners {
		c.t.Errorf("%s: %d won, want %d", act, got["200"], winners)
	}
	for _, answer := range slices.Sorted(maps.Keys(got)) {
		if answer != "200" && !slices.Contains(refusals, answer) {
			c.t.Errorf("%s: %d were told %q, want one of %q", act, got[answer], answer, refusals)
		}
	}
}

func (c *contest) count(want int64, sql string, args ...any) {
	c.t.Helper()
	var n int64
	c.must(c.db.Read.Raw(sql, args...).Scan(&n).Error)
	if n != want {
		c.t.Errorf("%d, want %d: %s %v", n, want, sql, args)
	}
}

// Thirty-two do the same thing, or contradict each other, in the same moment at two servers: one wins, the rest are told why not, and nothing happens twice.
func TestThirtyTwoTriesAtTwoServers(t *testing.T) {
	c := newContest(t)
	for _, try := range []struct {
		name string
		run  func(c *contest)
	}{
		{"inspect", tryInspections}, {"claim", tryClaims}, {"close", tryClosings}, {"open", tryOpenings}, {"approve", tryApprovals}, {"withdraw", tryWithdrawals}, {"hold", tryHolds}, {"replace", tryReplacements}, {"pay by hand", tryPayingByHand}, {"last cent", tryLastCent}, {"key", tryOneKey},
	} {
		t.Run(try.name, func(t *testing.T) {
			outer := c.rig.t
			c.rig.t = t
			for _, g := range c.guns {
				g.t = t
			}
			defer func() { c.rig.t = outer }()
			try.run(c)
		})
	}
	ctx := within(t, time.Minute)
	for c.underWay() > 0 {
		c.must(sleep(ctx, 50*time.Millisecond))
	}
	report, err := audit.Run(ctx, c.db)
	c.must(err)
	if !report.OK {
		t.Error(report.String())
	}
}

// tryInspections confirms one inspection with different grades, takes it back, and opens the parcel again.
func tryInspections(c *contest) {
	k := c.order(10_002)
	plate := c.received(k[0])
	unit := func() (u struct {
		ID      int64
		Version int64
	}) {
		c.must(c.db.Read.Raw("SELECT id, version FROM units WHERE plate = ?", plate).Scan(&u).Error)
		return u
	}
	u := unit()
	c.wins("inspect", c.at(same("/units/"+plate+"/inspection"), func(n int) any {
		return map[string]any{"grade": []string{"A", "B"}[n%2], "disposition": []string{"restock", "restock_b"}[n%2], "checks": map[string]bool{"hygiene_seal": true, "tags_on": true}, "note": "", "version": u.Version}
	}), 1, "409 already_inspected", "409 version_conflict")
	c.count(1, "SELECT count(*) FROM inspections WHERE unit_id = ? AND undone_at IS NULL", u.ID)
	u = unit()
	c.wins("undo the inspection", c.at(same("/units/"+plate+"/inspection/undo"), func(int) any { return map[string]any{"reason": "again", "version": u.Version} }), 1, "409 version_conflict", "409 moved_on")
	c.count(1, "SELECT count(*) FROM movements WHERE unit_id = ? AND cause = 'inspection_undo'", u.ID)
	var parcel string
	c.must(c.db.Read.Raw("SELECT 'P' || lpad(CAST(parcel_id AS TEXT), 6, '0') FROM units WHERE plate = ?", plate).Scan(&parcel).Error)
	c.wins("reopen the parcel", c.at(same("/parcels/"+parcel+"/reopen"), same[any](map[string]any{"reason": "again"})), 1, "409 parcel_state", "409 parcel_busy")
	c.count(1, "SELECT count(*) FROM events WHERE type = 'backdock.parcel.reopened.v1' AND subject = ?", "parcel/"+parcel)
}

// all lets every gun scan the same codes at once.
func (c *contest) all(codes ...string) {
	c.t.Helper()
	var mu sync.Mutex
	got := map[scanner.Code]int{}
	var wg sync.WaitGroup
	for _, g := range c.guns {
		wg.Go(func() {
			for _, data := range codes {
				o, err := g.scan(data)
				if err != nil {
					c.t.Error(err)
					return
				}
				mu.Lock()
				got[o.Code]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	c.t.Logf("%v: %v", codes, got)
	for code := range got {
		if code == scanner.CodeParked {
			c.t.Error("a scan was parked")
		}
	}
}

// tryClosings closes one parcel at every bench: all take it from each other and close it.
func tryClosings(c *contest) {
	k := c.order(10_002)
	way := waybillOf(k[0])
	c.guns[0].want(way, scanner.CodeParcelOpened)
	c.guns[0].want(contestCode, scanner.CodeMatched)
	c.all(way, way, "BD:DONE")
	var parcel string
	c.must(c.db.Read.Raw("SELECT 'P' || lpad(CAST(p.id AS TEXT), 6, '0') FROM parcels p WHERE waybill = ?", way).Scan(&parcel).Error)
	c.count(1, "SELECT count(*) FROM events WHERE type = 'backdock.parcel.closed.v1' AND subject = ?", "parcel/"+parcel)
	c.count(1, "SELECT count(*) FROM outcomes WHERE effects LIKE ?", `%"parcel_closed","parcel":"`+parcel+`"%`)
}

// tryOpenings scans two waybills, one known and one that nobody knows, at every bench.
func tryOpenings(c *contest) {
	k := c.order(10_002)
	const stranger = "YT9988776655443"
	c.all(waybillOf(k[1]), stranger, waybillOf(k[1]))
	c.count(1, "SELECT count(*) FROM parcels WHERE waybill = ?", waybillOf(k[1]))
	c.count(1, "SELECT count(*) FROM parcels WHERE waybill = ?", stranger)
}

func (c *contest) refundOf(caseNumber string) (number string) {
	c.must(c.db.Read.Raw("SELECT r.number FROM refunds r JOIN cases k ON k.id = r.case_id WHERE k.number = ? ORDER BY r.id DESC LIMIT 1", caseNumber).Scan(&number).Error)
	return number
}

// tryApprovals approves one case, then holds back, releases and authorizes its refund.
func tryApprovals(c *contest) {
	k := c.order(10_002)
	c.wins("approve", c.at(same("/cases/"+k[0]+"/decision"), func(n int) any { return map[string]any{"decision": "approved", "note": fmt.Sprint(n)} }), 1, "409 case_state")
	c.count(1, "SELECT count(*) FROM refunds r JOIN cases k ON k.id = r.case_id WHERE k.number = ?", k[0])
	refund := "/refunds/" + c.refundOf(k[0])
	c.wins("authorize", c.at(same(refund+"/authorize"), func(n int) any { return map[string]any{"note": fmt.Sprint(n)} }), 1, "409 refund_state")
	c.count(1, "SELECT count(*) FROM events WHERE type = 'backdock.refund.authorized.v1' AND subject = ?", "refund/"+c.refundOf(k[0]))
}

// tryLastCent approves two cases of one payment that holds one of them only.
func tryLastCent(c *contest) {
	k := c.order(10_001)
	c.wins("approve two", c.at(func(n int) string { return "/cases/" + k[n%2] + "/decision" }, same[any](map[string]any{"decision": "approved", "note": ""})), 2, "409 case_state")
	c.count(1, "SELECT count(*) FROM refunds r JOIN cases k ON k.id = r.case_id WHERE k.number IN ?", k[:])
	c.count(1, "SELECT count(*) FROM tasks WHERE kind = 'refund_refused' AND subject IN ? AND params LIKE '%payment_exhausted%'", []string{"case/" + k[0], "case/" + k[1]})
}

// tryClaims gives one parcel of unknown owner to two cases.
func tryClaims(c *contest) {
	k := c.order(10_002)
	g := c.guns[1]
	o := g.want("YT1122334455667", scanner.CodeOwnerUnknownOpened)
	g.want(contestCode, scanner.CodeUnclaimed)
	g.want("BD:DONE", scanner.CodeClosed)
	c.wins("claim", c.at(same("/parcels/"+o.Parcel+"/claim"), func(n int) any { return map[string]any{"case": k[n%2]} }), 1, "409 parcel_claimed", "409 parcel_busy")
	c.count(1, "SELECT count(*) FROM events WHERE type = 'backdock.parcel.claimed.v1' AND subject = ?", "parcel/"+o.Parcel)
}

// tryOneKey presses one button thirty-two times: with one key it is one act and one answer.
func tryOneKey(c *contest) {
	k := c.order(10_002)
	body, err := json.Marshal(map[string]any{"decision": "approved", "note": "n"})
	c.must(err)
	answers := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for n := range tries {
		wg.Go(func() {
			status, answer := c.as[n%2].raw(c.t.Context(), http.MethodPost, "/api/v1/cases/"+k[0]+"/decision", body, http.Header{"Idempotency-Key": {"one-press"}})
			mu.Lock()
			answers[fmt.Sprint(status, " ", string(answer))]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(answers) != 1 {
		c.t.Errorf("%d different answers to one press: %v", len(answers), answers)
	}
	c.count(1, "SELECT count(*) FROM events WHERE type = 'backdock.case.approved.v1' AND subject = ?", "case/"+k[0])
}
