package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/receivingtest"
)

// throngSite is a small place that many share: two owners, one paying at receipt and one after inspection; orders in pairs with one payment and one buyer; two
// cases of each order with waybills in common, so that one parcel holds several cases and one case comes in several parcels.
type throngSite struct {
	benches  []receiving.Station
	users    []id.User
	waybills []string
	codes    []string // of pieces
	orders   []intake.Order
	cases    []intake.Case
}

const throngPairs = 6 // of orders, per owner

func makeThrongSite(t *testing.T, d *db.DB, ring *secret.Ring, benches int) throngSite {
	t.Helper()
	var s throngSite
	im := intake.New(d, event.NewLog(d, clock.System{}), ring, intake.Hooks{})
	site := intake.Site{Warehouses: []intake.Warehouse{{Code: "HZ1", Name: "一仓", TimeZone: "Asia/Shanghai"}}}
	for n := range benches {
		site.Benches = append(site.Benches, intake.Bench{Warehouse: "HZ1", Number: n + 1, Name: fmt.Sprint(n + 1), Kind: "receiving"})
	}
	var skus []intake.SKU
	for o, trigger := range []string{"receipt_closed", "qc_passed"} {
		owner := fmt.Sprintf("OWN%d", o)
		site.Owners = append(site.Owners, intake.Owner{Code: owner, Name: owner, Policy: &intake.Policy{RefundTrigger: trigger, AutoLimitMinor: 8_000,
			SelfReleaseLimitMinor: 1 << 40, ScrapLimitMinor: 1 << 40, Jurisdiction: "CN"}})
		site.Shops = append(site.Shops, intake.Shop{Owner: owner, Channel: "tmall", Code: "SHOP" + owner, Name: owner, TimeZone: "Asia/Shanghai"})
		for n := range 3 {
			code := receivingtest.GTIN(o*10 + n + 1)
			skus = append(skus, intake.SKU{Owner: owner, SKU: fmt.Sprintf("S%d", n), Name: "货", Category: "underwear", ValueMinor: 5000, Currency: "CNY",
				Codes: []intake.Code{{Code: code, Kind: "gtin"}}})
			s.codes = append(s.codes, code)
		}
		for n := range throngPairs {
			s.pair(o, n)
		}
	}
	ctx := t.Context()
	if err := im.Site(ctx, site); err != nil {
		t.Fatal(err)
	}
	for _, load := range []func() (intake.Report, error){
		func() (intake.Report, error) { return im.Catalogue(ctx, skus) },
		func() (intake.Report, error) { return im.Orders(ctx, s.orders) },
		func() (intake.Report, error) { return im.Cases(ctx, s.cases) },
	} {
		if rep, err := load(); err != nil || rep.Failed > 0 {
			t.Fatalf("site: %v %+v", err, rep.Errors)
		}
	}
	s.people(t, d)
	return s
}

// pair makes two orders of one buyer on one payment, with two cases each.
func (s *throngSite) pair(owner, n int) {
	shop := fmt.Sprintf("SHOPOWN%d", owner)
	payment := fmt.Sprintf("42%02d%04d", owner, n)
	shared := fmt.Sprintf("SF%d%012d", owner, 9000+n) // one box for both orders
	at := clock.System{}.Now().AddDate(0, 0, -5)
	for half := range 2 {
		number := fmt.Sprintf("O%d-%d-%d", owner, n, half)
		o := intake.Order{Shop: shop, Number: number, State: "delivered", Currency: "CNY", PlacedAt: at,
			Buyer:    intake.Buyer{Name: "王", Phone: fmt.Sprintf("138%04d%04d", owner, n), Address: "路"},
			Payments: []intake.Payment{{Gateway: "till", Account: "main", TransactionID: payment, OutTradeNo: "T" + payment, CapturedMinor: 60_000, AmountMinor: 30_000}}}
		for l := range 3 {
			o.Lines = append(o.Lines, intake.OrderLine{Line: l + 1, SKU: fmt.Sprintf("S%d", l), Quantity: 4, PriceMinor: 2500, PaidMinor: 10_000})
		}
		s.orders = append(s.orders, o)
		for k := range 2 {
			c := intake.Case{Shop: shop, Number: fmt.Sprintf("C%d-%d-%d-%d", owner, n, half, k), Order: number, Type: "return_refund", Reason: "changed_mind", Decision: "approved",
				Currency: "CNY", SubmittedAt: at.AddDate(0, 0, 1)}
			for l := range 3 {
				c.Lines = append(c.Lines, intake.CaseLine{Line: l + 1, SKU: fmt.Sprintf("S%d", l), Quantity: 2})
			}
			own := fmt.Sprintf("YT%d%d%d%010d", owner, half, k, 5000+n)
			c.Waybills = []intake.Waybill{{Carrier: "yto", Number: own, Role: "return"}, {Carrier: "sf", Number: shared, Role: "return"}}
			s.cases = append(s.cases, c)
			s.waybills = append(s.waybills, own, shared)
		}
	}
}

// people makes a station for each bench and five users.
func (s *throngSite) people(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.InTx(t.Context(), func(tx *gorm.DB) error {
		var benches []receiving.Bench
		if err := tx.Order("number").Find(&benches).Error; err != nil {
			return err
		}
		for _, b := range benches {
			st := receiving.Station{Name: fmt.Sprintf("HZ1-%d", b.Number), WarehouseID: b.WarehouseID, BenchID: b.ID, Devices: "[]", CreatedAt: clock.System{}.Now()}
			if err := tx.Create(&st).Error; err != nil {
				return err
			}
			s.benches = append(s.benches, st)
		}
		for n := range 5 {
			var u id.User
			err := tx.Raw("INSERT INTO users (username, display, password_hash, badge_hash, created_at) VALUES (?, ?, 'x', ?, ?) RETURNING id", fmt.Sprint("u", n), "u", fmt.Sprint("b", n),
				clock.System{}.Now()).Scan(&u).Error
			if err != nil {
				return err
			}
			s.users = append(s.users, u)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tillBank is a payment service inside the test: it dedupes by key and answers at once, sometimes as if the line had been cut.
type tillBank struct {
	mu    sync.Mutex
	paid  map[string]refund.Request
	calls int
}

func newTillBank() *tillBank { return &tillBank{paid: map[string]refund.Request{}} }

var tillAccount = refund.Account{Gateway: "till", Account: "main"}

func (b *tillBank) gateways() gateways {
	return gateways{senders: map[refund.Account]refund.Gateway{tillAccount: b}, notifiers: map[refund.Account]refund.Notifier{}}
}

// Prepare implements refund.Gateway.
func (b *tillBank) Prepare(r refund.Request) ([]byte, error) { return json.Marshal(r) }

// Send implements refund.Gateway.
func (b *tillBank) Send(_ context.Context, body []byte) refund.Result {
	var r refund.Request
	if err := json.Unmarshal(body, &r); err != nil {
		panic(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.paid[r.Key] = r
	if b.calls++; b.calls%7 == 0 {
		return refund.Result{Effect: refund.Unknown, Code: "cut"}
	}
	return refund.Result{Effect: refund.Accepted, ExternalID: "T" + r.Key}
}

// Query implements refund.Gateway.
func (b *tillBank) Query(_ context.Context, r refund.Request) refund.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.paid[r.Key]; !ok {
		return refund.Result{Absent: true}
	}
	return refund.Result{Effect: refund.Done, ExternalID: "T" + r.Key, SettledAt: clock.System{}.Now()}
}

// notice makes the bank's message about a refund that it has made; false when there is none.
func (b *tillBank) notice() (refund.Notice, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, r := range b.paid { // whichever the map yields
		return refund.Notice{MessageID: id.Hex(8), Event: "REFUND.SUCCESS", Key: key, TransactionID: r.TransactionID, AmountMinor: r.AmountMinor, TotalMinor: r.TotalMinor,
			Currency: r.Currency, Result: refund.Result{Effect: refund.Done, ExternalID: "T" + key, SettledAt: clock.System{}.Now().Add(-time.Millisecond)}}, true
	}
	return refund.Notice{}, false
}
