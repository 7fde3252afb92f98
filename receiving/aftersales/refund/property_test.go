package refund_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// checks keeps the everyday run short; make soak runs rapid's own count.
func checks(t *testing.T, n int) {
	if os.Getenv("BACKDOCK_SOAK") == "" {
		if err := flag.Set("rapid.checks", fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// model is one order with its cases while everything that can happen to it happens in any order.
type model struct {
	*bed
	o     sold
	cases []claim
	units []refund.Entitlement
	all   []refund.Refund
	seen  int64           // observed elsewhere
	stray []refund.Refund // observed, of no known case
}

func newModel(b *bed, rt *rapid.T) *model {
	m := &model{bed: b}
	var lines []spec
	var paid int64
	for range rapid.IntRange(1, 3).Draw(rt, "lines") {
		s := spec{rapid.IntRange(1, 5).Draw(rt, "quantity"), rapid.Int64Range(1, 2000).Draw(rt, "paid")}
		lines, paid = append(lines, s), paid+s.paid
	}
	var payments []int64
	for left := paid; left > 0; {
		p := rapid.Int64Range(1, left).Draw(rt, "payment")
		if len(payments) == 2 {
			p = left
		}
		payments, left = append(payments, p), left-p
	}
	m.o = b.order(lines, payments...)
	m.cases = append(m.cases, b.approved(m.o))
	if rapid.Bool().Draw(rt, "a second case of a line") {
		m.cases = append(m.cases, b.approved(m.o, rapid.IntRange(0, len(lines)-1).Draw(rt, "line")))
	}
	for _, c := range m.cases {
		for _, l := range c.lines {
			for range rapid.IntRange(0, 3).Draw(rt, "units") {
				m.units = append(m.units, refund.ForUnit(c.id, l, b.unit(l)))
			}
		}
	}
	return m
}

// tolerate lets a fault that the engine means through, and fails on anything else: a broken CHECK, a deadlock, a lost reservation.
func (m *model) tolerate(rt *rapid.T, err error) {
	if err != nil && !slices.Contains([]fault.Kind{fault.Conflict, fault.Denied, fault.Invalid}, fault.Of(err).Kind) {
		rt.Fatalf("%v", err)
	}
}

func (m *model) ask(rt *rapid.T) {
	c := rapid.SampledFrom(m.cases).Draw(rt, "case")
	ents := append([]refund.Entitlement{refund.ForCase(c.id), refund.ForLine(c.id, rapid.SampledFrom(c.lines).Draw(rt, "line"))}, m.units...)
	e := rapid.SampledFrom(ents).Draw(rt, "entitlement")
	if rapid.Bool().Draw(rt, "deduct") {
		e.DeductionMinor, e.DeductionReason = rapid.Int64Range(1, 300).Draw(rt, "deduction"), "accessory_missing"
	}
	if rapid.Bool().Draw(rt, "by a person") {
		e.By = 1
	}
	got, err := m.bed.ask(e)
	m.tolerate(rt, err)
	m.all = append(m.all, got.Refunds...)
}

func (m *model) some(rt *rapid.T) refund.Refund {
	if len(m.all) == 0 {
		rt.Skip("nothing asked yet")
	}
	return rapid.SampledFrom(m.all).Draw(rt, "refund")
}

func (m *model) drive(rt *rapid.T) {
	r := m.some(rt)
	m.bank.mu.Lock()
	m.bank.faults = rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "lost_before", "lost_after", "5xx", "limited", "not_enough", "refused", "garbled"}), 0, 3).Draw(rt, "faults")
	m.bank.mu.Unlock()
	m.clock.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "minutes")) * time.Minute)
	if _, err := m.Drive(context.Background(), r.ID); err != nil {
		rt.Fatalf("drive: %v", err)
	}
}

func (m *model) bankDecides(rt *rapid.T) {
	r := m.some(rt)
	m.bank.mu.Lock()
	defer m.bank.mu.Unlock()
	if f := m.bank.refunds[r.Number]; f != nil && f.Status != "SUCCESS" && f.Status != "CLOSED" {
		f.Status = rapid.SampledFrom([]string{"SUCCESS", "SUCCESS", "ABNORMAL", "CLOSED"}).Draw(rt, "status")
	}
}

func (m *model) person(rt *rapid.T) {
	r := m.some(rt)
	what := rapid.SampledFrom([]string{"authorize", "hold", "release", "cancel", "replace", "by hand"}).Draw(rt, "verb")
	by := id.User(rapid.IntRange(1, 2).Draw(rt, "by"))
	got, err := m.verb(func(ctx context.Context, tx *gorm.DB) (refund.Refund, error) {
		switch what {
		case "authorize":
			return m.Authorize(ctx, tx, r.ID, by, "")
		case "hold":
			return m.Hold(ctx, tx, r.ID, by, "")
		case "release":
			return m.Release(ctx, tx, r.ID, by)
		case "cancel":
			return m.Cancel(ctx, tx, r.ID, by, "withdrawn")
		case "replace":
			return m.Replace(ctx, tx, r.ID, by)
		}
		return m.PayByHand(ctx, tx, r.ID, by, "transfer")
	})
	m.tolerate(rt, err)
	if err == nil && got.ID != r.ID {
		m.all = append(m.all, got)
	}
}

func (m *model) notice(rt *rapid.T) {
	r := m.some(rt)
	m.bank.mu.Lock()
	f := m.bank.refunds[r.Number]
	var n refund.Notice
	if f != nil && f.Status != "PROCESSING" {
		n = notice(fmt.Sprintf("%s-%s-%d", f.ID, f.Status, rapid.IntRange(0, 2).Draw(rt, "delivery")), r, f.Status)
		n.Result.ExternalID = f.ID
	}
	m.bank.mu.Unlock()
	if n.Key == "" {
		return
	}
	n.TransactionID = m.payment(r.PaymentID).TransactionID
	if err := m.Notified(context.Background(), account, n); err != nil {
		rt.Fatalf("notice: %v", err)
	}
}

func (m *model) platform(rt *rapid.T) {
	if rapid.IntRange(0, 7).Draw(rt, "seldom") != 0 {
		return
	}
	c := rapid.SampledFrom(m.cases).Draw(rt, "case")
	amount := rapid.Int64Range(1, 500).Draw(rt, "observed")
	m.n++
	named := c.id
	if rapid.Bool().Draw(rt, "of a case nobody knows") {
		named = 0
	}
	if r := m.observe(m.o, named, fmt.Sprintf("X%d", m.n), amount); r.CaseID == nil {
		m.stray = append(m.stray, r)
	}
	m.seen += amount
}

// attribute ties an observed refund that no case explains to some case, often one that is tied already.
func (m *model) attribute(rt *rapid.T) {
	if len(m.stray) == 0 {
		rt.Skip("none is unexplained")
	}
	r, c := rapid.SampledFrom(m.stray).Draw(rt, "stray"), rapid.SampledFrom(m.cases).Draw(rt, "case")
	_, err := m.bed.attribute(r, c, 1)
	m.tolerate(rt, err)
}

// check is what must hold after every step.
func (m *model) check(rt *rapid.T) {
	m.audit()
	var captured, ours, sent int64
	for _, p := range m.o.payments {
		row := m.payment(p)
		captured, ours = captured+row.CapturedMinor, ours+row.ReservedMinor+row.RefundedMinor
	}
	m.bank.mu.Lock()
	for _, r := range m.all {
		if f := m.bank.refunds[r.Number]; f != nil && f.Status != "CLOSED" {
			sent += f.Amount
		}
		if len(m.bank.bodies[r.Number]) > 1 {
			rt.Fatalf("refund %s was sent with two bodies", r.Number)
		}
	}
	m.bank.mu.Unlock()
	if sent > ours || ours > captured {
		rt.Fatalf("the bank has taken on %d, our books say %d, captured %d", sent, ours, captured)
	}
}

func TestPropertyMoneyNeverExceeds(t *testing.T) {
	checks(t, 12)
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			b := pacedBed(t, testkit.Open(t, dialect), 1500, refund.Pace{MaxPartials: 1000})
			rapid.Check(t, func(rt *rapid.T) {
				m := newModel(b, rt)
				rt.Repeat(map[string]func(*rapid.T){
					"ask": m.ask, "drive": m.drive, "drive again": m.drive, "and again": m.drive, "bank": m.bankDecides, "person": m.person, "notice": m.notice, "platform": m.platform, "attribute": m.attribute, "": m.check,
				})
			})
		})
	}
}
