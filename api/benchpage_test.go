package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/report"
	"github.com/backdock/backdock/scanner/wire"
)

// ticket asks for a page's ticket and returns the cookie as a browser would send it.
func (p *person) ticket(bench, page string) (answer, string) {
	p.r.t.Helper()
	a := p.do("POST", "/benches/page", map[string]string{"bench": bench, "page": page})
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "bd_bench" {
			if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != wire.Path {
				p.r.t.Errorf("the ticket's cookie is %+v", c)
			}
			return a, "bd_bench=" + c.Value
		}
	}
	return a, ""
}

// enter opens the station line with a ticket.
func (r *running) enter(cookie, origin string) (*agent, *http.Response, error) {
	h := http.Header{"Cookie": {cookie}}
	if origin != "" {
		h.Set("Origin", origin)
	}
	c, res, err := r.dial(wire.Path, h, wire.Subprotocol)
	if err != nil {
		return nil, res, err
	}
	r.t.Cleanup(func() { c.Close() })
	return &agent{r.t, c}, res, nil
}

func TestBenchPage(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.whole()
		clerk, page := r.login("clerk"), id.Token()
		var benches report.Page[report.BenchRow]
		clerk.do("GET", "/benches", nil).into(&benches)
		if len(benches.Items) != 1 || benches.Items[0].Bench != "HZ1/3" || benches.Items[0].Kind != "receiving" {
			t.Errorf("the clerk of HZ1 sees %+v", benches.Items)
		}
		if a, _ := clerk.ticket("SZ1/1", page); a.status != http.StatusNotFound {
			t.Errorf("a bench of another warehouse: %d %s", a.status, a.body)
		}
		if a, _ := r.login("merchant").ticket("HZ1/3", page); a.status != http.StatusForbidden {
			t.Errorf("a merchant: %d", a.status)
		}
		a, cookie := clerk.ticket("HZ1/3", page)
		var st api.PageStation
		a.into(&st)
		if a.status != 200 || cookie == "" || st.Bench != "HZ1/3" || strings.Contains(string(a.body), strings.TrimPrefix(cookie, "bd_bench=")) {
			t.Fatalf("ticket: %d %s, cookie %q", a.status, a.body, cookie)
		}
		for what, origin := range map[string]string{"another site": "https://evil.example", "no browser": ""} {
			if _, res, err := r.enter(cookie, origin); err == nil || res.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, res, err := r.enter("bd_bench="+id.Token(), r.url); err == nil || res.StatusCode != http.StatusUnauthorized {
			t.Errorf("a forged ticket: %v", err)
		}
		// The page scans; another person of the bench takes over with the same browser: the same station, the same producer.
		first, _, err := r.enter(cookie, r.url)
		if err != nil {
			t.Fatal(err)
		}
		first.hello(0)
		first.say(wire.FromStation{Op: wire.OpScans, Scans: scans(1, 3)})
		if m := first.hear(); m.Op != wire.OpOutcomes || m.LastSeq != 3 {
			t.Fatalf("scans of the page: %+v", m)
		}
		b, other := r.login("manager").ticket("HZ1/3", page)
		var again api.PageStation
		if b.into(&again); again.Station != st.Station {
			t.Errorf("the same browser is %q, then %q", st.Station, again.Station)
		}
		if _, res, err := r.enter(cookie, r.url); err == nil || res.StatusCode != http.StatusUnauthorized {
			t.Errorf("the ticket before: %v", err)
		}
		second, _, err := r.enter(other, r.url)
		if err != nil {
			t.Fatal(err)
		}
		if m := second.hello(3); m.Op != wire.OpWelcome || m.LastSeq != 3 {
			t.Errorf("the second person is welcomed with %+v", m)
		}
		if a, _ := r.login("boss").ticket("SZ1/1", page); a.status != http.StatusConflict || a.code() != "page_elsewhere" {
			t.Errorf("another bench: %d %s", a.status, a.body)
		}
		// An agent's token is no ticket, and a ticket no token.
		if _, res, err := r.dial(wire.Path, http.Header{"Authorization": {"Bearer " + strings.TrimPrefix(other, "bd_bench=")}}, wire.Subprotocol); err == nil || res.StatusCode != http.StatusUnauthorized {
			t.Errorf("the ticket as a token: %v", err)
		}
	})
}

// A ticket ends with the log-in it was given to: at once for new sockets, within the recheck for one that is open.
func TestTicketEndsWithTheLogIn(t *testing.T) {
	d := testkit.Open(t, db.SQLite)
	s := newSite(t, d)
	r := s.whole()
	clerk := r.login("clerk")
	_, cookie := clerk.ticket("HZ1/3", id.Token())
	page, _, err := r.enter(cookie, r.url)
	if err != nil {
		t.Fatal(err)
	}
	page.hello(0)
	if a := clerk.do("POST", "/auth/logout", nil); a.status != http.StatusNoContent {
		t.Fatalf("log out: %d", a.status)
	}
	if _, res, err := r.enter(cookie, r.url); err == nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after logging out: %v", err)
	}
	// Scanners that come and go are stored at the next beat, which asks whether the ticket stands.
	page.say(wire.FromStation{Op: wire.OpDevices})
	page.fatal(wire.ErrRevoked)
}
