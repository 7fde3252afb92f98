package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/report"
)

// failed makes refund n one that the gateway has refused for good: its money is free again, its case is approved.
func (s *site) failed(n int) {
	s.t.Helper()
	s.exec("UPDATE cases SET decision = 'approved', money = 'due', approved_minor = 19900 WHERE id = ?", n)
	s.exec("UPDATE case_lines SET approved_minor = 19900 WHERE id = ?", n)
	s.exec("UPDATE payments SET reserved_minor = 0 WHERE id = ?", n)
	s.exec("UPDATE order_lines SET reserved_minor = 0, reserved_quantity = 0 WHERE id = ?", n)
	s.exec("UPDATE refunds SET state = 'failed', attempts = 1, body = '{}' WHERE id = ?", n)
	s.exec("INSERT INTO refund_lines (refund_id, entitlement, part, case_line_id, order_line_id, quantity, amount_minor, live) VALUES (?, ?, 1, ?, ?, 1, 19900, ?)", n, fmt.Sprint("case_line:", n), n, n, false)
}

// act does a refund verb and returns the answer with the refund in it.
func (p *person) act(number, verb string, body any, h ...header) (report.RefundDetail, answer) {
	p.r.t.Helper()
	var f report.RefundDetail
	a := p.do("POST", "/refunds/"+number+"/"+verb, body, h...)
	if a.status == http.StatusOK {
		a.into(&f)
	}
	return f, a
}

// A failed refund is asked for again under a new number; who asked cannot authorize, another person can; pressed twice it is one.
func TestReplaceARefundOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.failed(11)
		r := s.whole()
		finance, boss := r.login("finance"), r.login("boss")
		var old report.RefundDetail
		finance.do("GET", "/refunds/R11", nil).into(&old)
		if !slices.Equal(old.Can, []string{"replace", "pay_by_hand"}) {
			t.Fatalf("can %v", old.Can)
		}
		if _, a := finance.act("R12", "replace", nil); a.status != http.StatusNotFound { // another warehouse's
			t.Errorf("of another warehouse: %d %s", a.status, a.body)
		}
		if _, a := boss.act("R21", "replace", nil); a.status != http.StatusConflict || a.code() != "refund_state" {
			t.Errorf("one that waits: %d %s", a.status, a.body)
		}
		key := header{"Idempotency-Key", "press-1"}
		next, a := finance.act("R11", "replace", nil, key)
		if a.status != 200 || next.Replaces != "R11" || next.State != "requested" || next.Amount.Minor != 19900 || next.Number == "R11" {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if again, b := finance.act("R11", "replace", nil, key); b.status != 200 || again.Number != next.Number || string(b.body) != string(a.body) {
			t.Errorf("the same press: %d %s", b.status, b.body)
		}
		if _, a := finance.act("R11", "replace", nil); a.status != http.StatusConflict || a.code() != "refund_nothing_left" {
			t.Errorf("a second successor: %d %s", a.status, a.body)
		}
		if !slices.Equal(next.Can, []string{"cancel"}) || next.Why != "same_person" {
			t.Errorf("who asked can %v, why %s", next.Can, next.Why)
		}
		if _, a := finance.act(next.Number, "authorize", `{"note":""}`); a.status != http.StatusForbidden || a.code() != "same_person" {
			t.Errorf("who asked authorizes: %d %s", a.status, a.body)
		}
		if f, a := boss.act(next.Number, "authorize", `{"note":"checked"}`); a.status != 200 || f.State != "authorized" || f.AuthorizedBy != "boss" {
			t.Errorf("another person: %d %s", a.status, a.body)
		}
		boss.do("GET", "/refunds/R11", nil).into(&old)
		if old.ReplacedBy != next.Number || len(old.Can) != 0 {
			t.Errorf("the old one: %+v", old)
		}
	})
}

// Of several people who take a failed refund up at once, each in their own way, one wins; the others are told so.
func TestOneSuccessorHoweverManyAsk(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.failed(11)
		r := s.whole()
		finance, boss := r.login("finance"), r.login("boss")
		answers := make([]answer, 8)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() {
				if i%2 == 0 {
					_, answers[i] = finance.act("R11", "replace", nil, header{"Idempotency-Key", fmt.Sprint("k", i)})
				} else {
					_, answers[i] = boss.act("R11", "pay-by-hand", map[string]any{"proof": fmt.Sprint("transfer ", i)}, header{"Idempotency-Key", fmt.Sprint("k", i)})
				}
			})
		}
		wg.Wait()
		won := 0
		for _, a := range answers {
			switch {
			case a.status == http.StatusOK:
				won++
			case a.status != http.StatusConflict || !slices.Contains([]string{"refund_replaced", "refund_nothing_left"}, a.code()):
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		var successors int64
		if err := d.Read.Table("refunds").Where("replaces = 11").Count(&successors).Error; err != nil || won != 1 || successors != 1 {
			t.Errorf("%d won, %d successors, %v", won, successors, err)
		}
	})
}

// A payment by hand shows its proof to the second person, and counts only when they have confirmed it.
func TestPayByHandOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.failed(11)
		r := s.whole()
		finance, manager := r.login("finance"), r.login("manager")
		if _, a := finance.act("R11", "pay-by-hand", map[string]any{"proof": ""}); a.status != http.StatusUnprocessableEntity {
			t.Errorf("without a proof: %d %s", a.status, a.body)
		}
		if _, a := finance.act("R11", "pay-by-hand", map[string]any{"proof": "  "}); a.status != http.StatusUnprocessableEntity || a.code() != "proof_missing" {
			t.Errorf("with a blank one: %d %s", a.status, a.body)
		}
		next, a := finance.act("R11", "pay-by-hand", map[string]any{"proof": "transfer 20261124-7"})
		if a.status != 200 || next.State != "requested" || next.Proof != "transfer 20261124-7" || next.CanAuthorize {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if _, a := finance.act(next.Number, "authorize", `{"note":""}`); a.status != http.StatusForbidden || a.code() != "same_person" {
			t.Errorf("the same person: %d %s", a.status, a.body)
		}
		f, a := manager.act(next.Number, "authorize", `{"note":"seen on the statement"}`)
		if a.status != 200 || f.State != "paid_by_hand" || f.SettledAt == nil {
			t.Fatalf("%d %s", a.status, a.body)
		}
		var money struct{ Refunded, Reserved int64 }
		if err := d.Read.Raw("SELECT refunded_minor AS refunded, reserved_minor AS reserved FROM payments WHERE id = 11").Scan(&money).Error; err != nil || money.Refunded != 19900 || money.Reserved != 0 {
			t.Errorf("%+v %v", money, err)
		}
	})
}

// What never went out is withdrawn with a reason, and its money is free; what has gone out is not.
func TestCancelARefundOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.whole()
		manager := r.login("manager")
		if _, a := manager.act("R11", "cancel", map[string]any{"reason": ""}); a.status != http.StatusUnprocessableEntity {
			t.Errorf("without a reason: %d %s", a.status, a.body)
		}
		if _, a := manager.act("R11", "cancel", map[string]any{"reason": " "}); a.status != http.StatusUnprocessableEntity || a.code() != "reason_missing" {
			t.Errorf("with a blank reason: %d %s", a.status, a.body)
		}
		f, a := manager.act("R11", "cancel", map[string]any{"reason": "the buyer keeps it"})
		if a.status != 200 || f.State != "cancelled" || len(f.Can) != 0 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if last := f.Timeline[len(f.Timeline)-1]; last.TextCode != "refund.cancelled" || last.Params["note"] != "the buyer keeps it" || last.By != "manager" {
			t.Errorf("timeline %+v", last)
		}
		if _, a := manager.act("R11", "cancel", map[string]any{"reason": "again"}); a.status != http.StatusConflict || a.code() != "refund_state" {
			t.Errorf("twice: %d %s", a.status, a.body)
		}
		s.exec("UPDATE refunds SET state = 'unknown', attempts = 1, body = '{}' WHERE id = 21")
		if _, a := manager.act("R21", "cancel", map[string]any{"reason": "x"}); a.status != http.StatusConflict || a.code() != "refund_sending" {
			t.Errorf("one that has gone out: %d %s", a.status, a.body)
		}
	})
}

// A refund that the platform made and that no case explains is found in the list and tied to its case.
func TestAttributeARefundOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.exec("UPDATE cases SET decision = 'approved', money = 'due', approved_minor = 19900 WHERE id = 11")
		s.exec("UPDATE payments SET elsewhere_minor = 100 WHERE id = 11")
		s.exec(`INSERT INTO refunds (id, number, entitlement, owner_id, shop_id, order_id, payment_id, amount_minor, currency, origin, state, gateway_refund_id, requested_at, settled_at)
			SELECT 500, 'R500', 'observed:11:X', owner_id, shop_id, order_id, payment_id, 100, currency, 'platform', 'succeeded', 'X', requested_at, requested_at FROM refunds WHERE id = 11`)
		r := s.whole()
		finance := r.login("finance")
		var page report.Page[report.RefundRow]
		finance.do("GET", "/refunds?stray=true", nil).into(&page)
		if len(page.Items) != 1 || page.Items[0].Number != "R500" || !slices.Equal(page.Items[0].Can, []string{"attribute"}) {
			t.Fatalf("stray: %+v", page.Items)
		}
		for body, want := range map[string]struct {
			status int
			code   string
		}{"C12": {404, "case_not_found"}, "C21": {409, "case_other_payment"}} {
			if _, a := finance.act("R500", "attribute", map[string]any{"case": body}); a.status != want.status || a.code() != want.code {
				t.Errorf("to %s: %d %s", body, a.status, a.body)
			}
		}
		if _, a := finance.act("R11", "attribute", map[string]any{"case": "C11"}); a.status != http.StatusConflict || a.code() != "refund_ours" {
			t.Errorf("one of ours: %d %s", a.status, a.body)
		}
		f, a := finance.act("R500", "attribute", map[string]any{"case": "C11", "shop": "ACME-TB"})
		if a.status != 200 || f.Case != "C11" || len(f.Can) != 0 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		// It covers a part of what was about to go out: that one waits for a person now.
		if finance.do("GET", "/refunds/R11", nil).into(&f); f.State != "held" || f.HoldCode != "refunded_elsewhere" {
			t.Errorf("ours: %s %s", f.State, f.HoldCode)
		}
		if _, a := finance.act("R500", "attribute", map[string]any{"case": "C11"}); a.status != http.StatusConflict || a.code() != "refund_attributed" {
			t.Errorf("twice: %d %s", a.status, a.body)
		}
		if finance.do("GET", "/refunds?stray=true", nil).into(&page); len(page.Items) != 0 {
			t.Errorf("still stray: %+v", page.Items)
		}
	})
}
