package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/report"
)

// orphan puts a parcel of unknown owner with one dress of ACME into the pile of HZ1, days ago.
func (s *site) orphan(n int, days int) { s.t.Helper(); s.orphanIn(1, n, days) }

// orphanIn does so in a warehouse.
func (s *site) orphanIn(w, n, days int) {
	s.t.Helper()
	at := clock.Stamp(time.Now()).AddDate(0, 0, -days)
	s.exec(`INSERT INTO parcels (id, warehouse_id, kind, state, carrier, waybill, shelf, pieces, created_at, closed_at) VALUES (?, ?, 'unknown', 'closed', 'SF', ?, 'W-1', 1, ?, ?)`, n, w, plate(n), at, at)
	s.exec(`INSERT INTO receipts (id, parcel_id, created_at) VALUES (?, ?, ?)`, n, n, at)
	s.exec(`INSERT INTO receipt_lines (id, receipt_id, parcel_id, sku_id, expected, received, finding) VALUES (?, ?, ?, 1, 0, 1, 'unclaimed')`, n, n, n)
	s.exec(`INSERT INTO units (id, plate, owner_id, warehouse_id, sku_id, state, account, finding, title, scanned, parcel_id, receipt_line_id, received_at, moved_at) VALUES (?, ?, 1, ?, 1, 'custody', 'custody', 'unclaimed', 'unknown', '6901234567891', ?, ?, ?, ?)`,
		n, plate(n), w, n, n, at, at)
	s.exec(`INSERT INTO movements (owner_id, warehouse_id, sku_id, from_account, to_account, quantity, unit_id, cause, cause_ref, at) VALUES (1, ?, 1, 'customer', 'custody', 1, ?, 'scan', 'x', ?)`, w, n, at)
	s.exec(`INSERT INTO balances (owner_id, warehouse_id, sku_id, account, quantity) VALUES (1, ?, 1, 'custody', 1) ON CONFLICT (owner_id, warehouse_id, sku_id, account) DO UPDATE SET quantity = balances.quantity + 1`, w)
}

func (p *person) unclaimed(number, verb string, body any) (report.UnclaimedDetail, answer) {
	p.r.t.Helper()
	var d report.UnclaimedDetail
	a := p.do("POST", "/unclaimed/"+number+"/"+verb, body)
	if a.status == http.StatusOK {
		a.into(&d)
	}
	return d, a
}

// The pile is listed by age, page by page, and found by what is in it; who may not see every owner's goods, or is elsewhere, sees none of it.
func TestThePileOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.orphan(101, 1)
		s.orphan(102, 40)
		r := s.whole()
		service := r.login("service")
		var first, second report.Page[report.UnclaimedRow]
		service.do("GET", "/unclaimed?limit=1", nil).into(&first)
		if len(first.Items) != 1 || first.Items[0].Number != "P000102" || !first.Items[0].Old || first.Items[0].Contents[0].SKU != "SKU-1" || first.Next == "" {
			t.Fatalf("%+v", first)
		}
		service.do("GET", "/unclaimed?limit=1&cursor="+first.Next, nil).into(&second)
		if len(second.Items) != 1 || second.Items[0].Number != "P000101" || second.Items[0].Old || second.Next != "" {
			t.Errorf("%+v", second)
		}
		for q, want := range map[string]int{"q=w-1": 2, "q=sku-1": 2, "q=dress": 2, "q=P000101": 1, "q=nothing": 0, "old=true": 1, "ended=true": 0, "since=" + time.Now().AddDate(0, 0, -7).UTC().Format(time.RFC3339): 1} {
			var p report.Page[report.UnclaimedRow]
			service.do("GET", "/unclaimed?"+q, nil).into(&p)
			if len(p.Items) != want {
				t.Errorf("%s: %d parcels, want %d", q, len(p.Items), want)
			}
		}
		var piece report.UnitDetail
		r.login("inspector").do("GET", "/units/"+plate(101), nil).into(&piece)
		if piece.Plate != plate(101) || piece.Can.Inspect || piece.Can.Why != "owner_unknown" {
			t.Errorf("a piece of nobody known: %s %+v", piece.Plate, piece.Can)
		}
		if a := r.login("merchant").do("GET", "/unclaimed", nil); a.status != http.StatusForbidden {
			t.Errorf("a merchant: %d", a.status)
		}
		if a := r.login("sz").do("GET", "/unclaimed/P000101", nil); a.status != http.StatusNotFound {
			t.Errorf("another warehouse's manager: %d", a.status)
		}
	})
}

// Candidates come with reasons and what is awaited against what is here; claiming takes one request, and its repetition is the same answer.
func TestClaimOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.orphan(101, 1)
		s.exec("UPDATE cases SET goods = 'awaited', decision = 'approved' WHERE id = 11")
		r := s.whole()
		service := r.login("service")
		var d1 report.UnclaimedDetail
		service.do("GET", "/unclaimed/P000101", nil).into(&d1)
		if len(d1.Candidates) == 0 || d1.Candidates[0].Case != "C11" || d1.Candidates[0].Reasons[0].Why != "sku_set" || d1.Candidates[0].Lines[0].Here != 1 || !slices.Contains(d1.Can, "claim") {
			t.Fatalf("%+v", d1)
		}
		if a := service.do("POST", "/unclaimed/P000101/claim", map[string]string{}); a.code() != "claim_for" {
			t.Errorf("%d %s", a.status, a.body)
		}
		key := header{"Idempotency-Key", "press-1"}
		a := service.do("POST", "/unclaimed/P000101/claim", map[string]string{"case": "C11", "shop": "ACME-TB"}, key)
		var p report.ParcelDetail
		a.into(&p)
		if a.status != 200 || p.Owner != "ACME" || p.Received != 1 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if b := service.do("POST", "/unclaimed/P000101/claim", map[string]string{"case": "C11", "shop": "ACME-TB"}, key); string(b.body) != string(a.body) {
			t.Errorf("pressed twice: %d %s", b.status, b.body)
		}
		if b := service.do("POST", "/unclaimed/P000101/claim", map[string]string{"order": "O12"}); b.status != http.StatusConflict || b.code() != "parcel_claimed" {
			t.Errorf("claimed again: %d %s", b.status, b.body)
		}
	})
}

// An end takes its time, its reason, and two persons.
func TestEndsOverREST(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.orphan(101, 40)
		r := s.whole()
		service, manager, clerk := r.login("service"), r.login("manager"), r.login("clerk")
		reason := map[string]string{"reason": "mouldy"}
		if _, a := clerk.unclaimed("P000101", "dispose", reason); a.status != http.StatusForbidden {
			t.Errorf("a clerk: %d", a.status)
		}
		if _, a := service.unclaimed("P000101", "dispose", reason); a.code() != "owner_not_asked" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if d, a := service.unclaimed("P000101", "ask-owner", map[string]string{"owner": "ACME", "note": "by mail"}); a.status != 200 || d.Asked != "Acme" || !slices.Contains(d.Can, "dispose") {
			t.Errorf("%d %s", a.status, a.body)
		}
		if d, a := clerk.unclaimed("P000101", "shelf", map[string]string{"shelf": "w-07"}); a.status != 200 || d.Shelf != "W-07" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if d, a := clerk.unclaimed("P000101", "label", map[string]string{"phone_tail": "8000", "origin": "义乌"}); a.status != 200 || !d.PhoneTail || d.Origin != "义乌" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if d, a := service.unclaimed("P000101", "dispose", reason); a.status != 200 || d.End == nil || !d.End.Own || slices.Contains(d.Can, "confirm") {
			t.Errorf("%d %s", a.status, a.body)
		}
		if _, a := service.unclaimed("P000101", "confirm", nil); a.code() != "same_person" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if d, a := manager.unclaimed("P000101", "confirm", nil); a.status != 200 || d.State != "disposed" || len(d.Candidates) != 0 || d.End.ConfirmedBy == "" {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}
