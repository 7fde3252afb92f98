package desk_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/job"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving/aftersales/followup"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/audit"
	"github.com/backdock/backdock/receiving/receivingtest"
)

// modelRuns and modelSteps are how many halls are played and how many acts each sees on average, on each database.
const (
	modelRuns  = 40
	modelSteps = 60
)

// hall is a real receiving hall beside the model of it.
type hall struct {
	*receivingtest.Site
	model
	rt     *rapid.T
	hands  []*receivingtest.Hand
	qc     *qc.Bench
	im     *intake.Importer
	by     id.User
	orders []intake.Order
	says   []intake.Case // the messages as they stand; those of unknown cases have not come yet
	cut    int           // the transaction of the n-th event from now fails; 0: none does
	steps  int
}

var errCut = errors.New("cut by the test")

// TestModel plays scans of several benches, controls, take-overs, claims, reopenings, inspections and their undoing, messages that come again, scans that are sent
// again, desks that are replaced in the middle and transactions that fail at their end, in any order; after each act the desk must have answered and booked what
// the model says, and after each hall the audit is clean.
func TestModel(t *testing.T) {
	runs, seed := modelRuns, uint64(time.Now().UnixNano())
	if n, err := strconv.Atoi(os.Getenv("BACKDOCK_SOAK")); err == nil {
		if runs = 1000; n > 1 {
			runs = n
		}
	}
	if n, err := strconv.ParseUint(os.Getenv("BACKDOCK_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("seed %d (BACKDOCK_SEED repeats it)", seed)
	fmt.Printf("TestModel: seed %d, %d halls on each database\n", seed, runs)
	setFlags(t, map[string]string{"rapid.checks": fmt.Sprint(runs), "rapid.steps": fmt.Sprint(modelSteps), "rapid.seed": fmt.Sprint(seed), "rapid.nofailfile": "true"})
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		steps := 0
		rapid.Check(t, func(rt *rapid.T) {
			h := newHall(t, d, rt)
			rt.Repeat(h.acts())
			steps += h.steps
			h.wholly()
		})
		t.Logf("%d acts", steps)
		if want := runs * 50; steps < want && !t.Failed() {
			t.Errorf("%d acts, want %d at least: the test proves too little", steps, want)
		}
	})
}

// setFlags sets flags of rapid for one test.
func setFlags(t *testing.T, values map[string]string) {
	t.Helper()
	for name, value := range values {
		was := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set(name, was) })
	}
}

func newHall(t *testing.T, d *db.DB, rt *rapid.T) *hall {
	receivingtest.Wipe(t, d)
	s := receivingtest.New(t, d)
	s.Alone = true // the model does not rank owners: what the bench is offered, and what a paper inside then means, TestChooseClaims and TestPaperInside hold
	s.Desk = s.NewDesk()
	h := &hall{Site: s, rt: rt}
	engine := refund.New(refund.Options{DB: d, Events: s.Log, Clock: s.Clock})
	workers := river.NewWorkers()
	engine.AddWorkers(workers)
	queue, err := job.New(d, workers, job.Options{}) // inserts only: nothing is sent
	h.must(err)
	engine.Use(queue)
	s.Log.On(followup.New(s.Log, engine).Trigger)
	s.Log.On(h.fail)
	h.qc = qc.New(d, s.Log, new(inventory.Ledger))
	ring, err := secret.Parse(secret.Generate())
	h.must(err)
	h.im = intake.New(d, s.Log, ring, intake.Hooks{Hold: s.Desk.Hold, Claim: s.Desk.Claim})
	h.by = s.User("经理", "manager")
	s.Exec("UPDATE policies SET refund_trigger = ?, auto_limit_minor = 1000000, self_release_limit_minor = 1000000", rapid.SampledFrom([]string{"receipt_closed", "qc_passed"}).Draw(rt, "money"))
	h.stock()
	h.mail()
	for n := range 3 {
		h.hands = append(h.hands, s.Hand(s.Bench(n+1)))
		h.benches = append(h.benches, &mBench{})
	}
	return h
}

func (h *hall) must(err error) {
	h.T.Helper()
	if err != nil {
		h.T.Fatal(err)
	}
}

// fail is the trigger that breaks a transaction when it has done nearly all of its work.
func (h *hall) fail(context.Context, *gorm.DB, event.Event) error {
	if h.cut == 0 {
		return nil
	}
	if h.cut--; h.cut == 0 {
		return errCut
	}
	return nil
}

// stock makes the goods: two specs of a tee, a cap, a mug, and a code that no catalogue has.
func (h *hall) stock() {
	h.skus = map[string]string{gtin(77): ""}
	for n, code := range []string{"TEE-L", "TEE-XL", "CAP-U", "MUG-1"} {
		h.SKU(code, gtin(n+1))
		h.skus[gtin(n+1)] = code
	}
}

// mail brings the orders and all cases but the late one.
func (h *hall) mail() {
	h.numbers = map[string][]*mCase{}
	at := receivingtest.Start.AddDate(0, 0, -5)
	add := func(number, phone string, known bool, ordered []string, asks map[int]int, waybills ...string) {
		o := intake.Order{Shop: "TM1", Number: "O" + number, State: "delivered", Currency: "CNY", PlacedAt: at, Buyer: intake.Buyer{Name: "王", Phone: phone},
			Payments: []intake.Payment{{Gateway: "till", Account: "main", TransactionID: "T" + number, OutTradeNo: "N" + number, CapturedMinor: int64(len(ordered)) * 4000}}}
		c := intake.Case{Shop: "TM1", Number: "C" + number, Order: o.Number, Type: "return_refund", Reason: "changed_mind", Decision: "approved", Currency: "CNY", SubmittedAt: at.AddDate(0, 0, 1)}
		m := &mCase{number: c.Number, buyer: phone, ordered: ordered, known: known}
		for i, sku := range ordered {
			o.Lines = append(o.Lines, intake.OrderLine{Line: i + 1, SKU: sku, Quantity: 4, PriceMinor: 1000, PaidMinor: 4000})
			if n := asks[i+1]; n > 0 {
				c.Lines = append(c.Lines, intake.CaseLine{Line: i + 1, SKU: sku, Quantity: n})
				m.lines = append(m.lines, &mCaseLine{c: m, sku: sku, quantity: n})
			}
		}
		for _, w := range waybills {
			c.Waybills = append(c.Waybills, intake.Waybill{Carrier: "sf", Number: w, Role: "return"})
			h.numbers[w] = append(h.numbers[w], m)
		}
		h.orders, h.says, h.cases = append(h.orders, o), append(h.says, c), append(h.cases, m)
	}
	add("0", "13800000000", true, []string{"TEE-L", "CAP-U"}, map[int]int{1: 2}, way, "SF0000000000002") // one case, two boxes
	add("1", "13800000001", true, []string{"TEE-L", "CAP-U"}, map[int]int{1: 1, 2: 1}, "SF0000000000003")
	add("2", "13800000002", true, []string{"CAP-U"}, map[int]int{1: 2}, "SF0000000000004") // two cases of one buyer in one box
	add("3", "13800000002", true, []string{"TEE-L"}, map[int]int{1: 1}, "SF0000000000004", "SF0000000000005")
	add("4", "13800000004", false, []string{"TEE-XL"}, map[int]int{1: 1}, stranger) // its message comes late
	add("5", "13800000005", true, []string{"CAP-U", "TEE-L"}, map[int]int{1: 1}, "SF0000000000006")
	h.loaded(h.im.Orders(h.T.Context(), h.orders))
	h.loaded(h.im.Cases(h.T.Context(), h.come()))
}

const stranger = "YT1234567890123" // nobody knows it before the late case

// come lists the messages of the cases that are known.
func (h *hall) come() (out []intake.Case) {
	for i, c := range h.says {
		if h.cases[i].known {
			out = append(out, c)
		}
	}
	return out
}

func (h *hall) loaded(r intake.Report, err error) {
	h.T.Helper()
	if err != nil || r.Failed > 0 {
		h.rt.Fatalf("import: %v %+v", err, r.Errors)
	}
}

// wholly compares everything at the end of a hall, and asks the audit.
func (h *hall) wholly() {
	h.compare()
	_, err := h.Log.Sequence(h.T.Context())
	h.must(err)
	rep, err := audit.RunAt(h.T.Context(), h.DB, h.Site.Clock.Now())
	h.must(err)
	if !rep.OK {
		h.rt.Fatalf("%s", rep.String())
	}
}
