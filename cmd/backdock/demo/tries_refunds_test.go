package demo

import (
	"fmt"
	"net/http"
	"time"
)

// approved approves a case and returns its refund, which waits for a person's word.
func (c *contest) approved() (number string) {
	c.t.Helper()
	k := c.order(10_002)
	c.must(c.as[0].do(c.t.Context(), http.MethodPost, "/api/v1/cases/"+k[0]+"/decision", map[string]any{"decision": "approved", "note": ""}, nil))
	return c.refundOf(k[0])
}

func (c *contest) authorize(number string) {
	c.t.Helper()
	c.must(c.as[0].do(c.t.Context(), http.MethodPost, "/api/v1/refunds/"+number+"/authorize", map[string]any{"note": ""}, nil))
}

// reaches waits until a refund is in a state.
func (c *contest) reaches(number, state string) {
	c.t.Helper()
	ctx := within(c.t, time.Minute)
	for now := ""; now != state; {
		c.must(c.db.Read.Raw("SELECT state FROM refunds WHERE number = ?", number).Scan(&now).Error)
		if now != state {
			c.must(sleep(ctx, 20*time.Millisecond))
		}
	}
}

func (c *contest) events(want int64, kind, number string) {
	c.t.Helper()
	c.count(want, "SELECT count(*) FROM events WHERE type = ? AND subject = ?", "backdock.refund."+kind+".v1", "refund/"+number)
}

// closed is a refund whose route the gateway has proved closed.
func (c *contest) closed() (number string) {
	c.t.Helper()
	outcome := func(status string) {
		c.must(c.bank.call(c.t.Context(), http.MethodPut, "/_sim/behaviour", fmt.Appendf(nil, `{"outcome":%q}`, status), nil))
	}
	number = c.approved()
	outcome("CLOSED")
	defer outcome("SUCCESS")
	c.authorize(number)
	c.reaches(number, "closed")
	return number
}

// tryWithdrawals withdraws one refund that nobody has authorized.
func tryWithdrawals(c *contest) {
	r := c.approved()
	c.wins("withdraw", c.at(same("/refunds/"+r+"/cancel"), func(n int) any { return map[string]any{"reason": fmt.Sprint(n)} }), 1, "409 refund_state")
	c.events(1, "cancelled", r)
}

// tryHolds authorizes one refund and holds it in the same moment; where somebody was quick enough to hold it, all release it.
func tryHolds(c *contest) {
	held := 0
	for range 4 {
		r := c.approved()
		got := c.at(func(n int) string { return "/refunds/" + r + []string{"/authorize", "/hold", "/hold", "/hold"}[n%4] }, func(n int) any {
			if n%4 == 0 {
				return map[string]any{"note": fmt.Sprint(n)}
			}
			return map[string]any{"reason": fmt.Sprint(n)}
		})
		holds := got["200"] - 1 // one of them authorized it
		if holds != 0 && holds != 1 {
			c.t.Errorf("%d held it", holds)
		}
		c.wins("authorize and hold", got, got["200"], "409 refund_state")
		c.events(1, "authorized", r)
		c.events(int64(holds), "held", r)
		if holds != 1 {
			continue
		}
		held++
		c.wins("release", c.at(same("/refunds/"+r+"/release"), same[any](nil)), 1, "409 refund_state")
		c.reaches(r, "succeeded")
	}
	if held == 0 {
		c.t.Error("nobody was quick enough to hold one of four refunds")
	}
}

// tryReplacements asks again for one refund that is not paid, and withdraws the successor.
func tryReplacements(c *contest) {
	r := c.closed()
	c.wins("replace", c.at(same("/refunds/"+r+"/replace"), same[any](nil)), 1, "409 refund_replaced", "409 refund_state")
	c.count(1, "SELECT count(*) FROM refunds n JOIN refunds o ON o.id = n.replaces WHERE o.number = ?", r)
	var next string
	c.must(c.db.Read.Raw("SELECT n.number FROM refunds n JOIN refunds o ON o.id = n.replaces WHERE o.number = ?", r).Scan(&next).Error)
	c.wins("withdraw the successor", c.at(same("/refunds/"+next+"/cancel"), same[any](map[string]any{"reason": "no"})), 1, "409 refund_state")
}

// tryPayingByHand records a payment by hand for one refund that is not paid, while others ask for it again.
func tryPayingByHand(c *contest) {
	r := c.closed()
	c.wins("pay by hand or replace", c.at(func(n int) string { return "/refunds/" + r + []string{"/pay-by-hand", "/replace"}[n/2%2] }, func(n int) any {
		if n/2%2 == 0 {
			return map[string]any{"proof": fmt.Sprint("transfer ", n)}
		}
		return nil
	}), 1, "409 refund_replaced", "409 refund_state")
	c.count(1, "SELECT count(*) FROM refunds n JOIN refunds o ON o.id = n.replaces WHERE o.number = ?", r)
}
