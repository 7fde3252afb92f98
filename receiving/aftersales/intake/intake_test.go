package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/order"
)

var now = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)

type door struct {
	*intake.Importer
	t    *testing.T
	d    *db.DB
	ring *secret.Ring
}

// openDoor makes an importer on a site with one owner, two shops and a small catalogue.
func openDoor(t *testing.T, d *db.DB, h intake.Hooks) door {
	t.Helper()
	ring, err := secret.Parse(secret.Generate())
	if err != nil {
		t.Fatal(err)
	}
	im := intake.New(d, event.NewLog(d, clock.NewFake(now)), ring, h)
	err = im.Site(t.Context(), intake.Site{
		Owners:     []intake.Owner{{Code: "QY", Name: "青屿", Policy: &intake.Policy{RefundTrigger: "qc_passed", Jurisdiction: "CN"}}},
		Shops:      []intake.Shop{{Owner: "QY", Channel: "taobao", Code: "TB", Name: "淘宝店", TimeZone: "Asia/Shanghai"}, {Owner: "QY", Channel: "jd", Code: "JD", Name: "京东店", TimeZone: "Asia/Shanghai"}},
		Warehouses: []intake.Warehouse{{Code: "HZ1", Name: "华东退货仓", TimeZone: "Asia/Shanghai"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f := door{im, t, d, ring}
	f.clean(im.Catalogue(t.Context(), []intake.SKU{{Owner: "QY", SKU: "A", Name: "夹克", ValueMinor: 100}, {Owner: "QY", SKU: "B", Name: "短袖"}, {Owner: "QY", SKU: "C", Name: "杯"}}))
	return f
}

// clean expects a report without errors and warnings.
func (f door) clean(rep intake.Report, err error) intake.Report {
	f.t.Helper()
	if err != nil || rep.ErrorsTotal+rep.WarningsTotal > 0 {
		f.t.Fatalf("%v, %+v", err, rep)
	}
	return rep
}

func (f door) count(table, where string, args ...any) (n int64) {
	f.t.Helper()
	if err := f.d.Read.Table(table).Where(where, args...).Count(&n).Error; err != nil {
		f.t.Fatal(err)
	}
	return n
}

// told lists a report's problems as row:field:code.
func told(list []intake.Problem) string {
	var out []string
	for _, p := range list {
		if p.Message == "" {
			out = append(out, "no message!")
		}
		out = append(out, fmt.Sprintf("%d:%s:%s", p.Row, p.Field, p.Code))
	}
	return strings.Join(out, " ")
}

func anOrder(number string, paid ...int64) intake.Order {
	o := intake.Order{Shop: "TB", Number: number, State: "delivered", PlacedAt: now.Add(-96 * time.Hour), Buyer: intake.Buyer{Name: "王晓雯", Phone: "19900000001", Address: "杭州市余杭区 1 号"}}
	for i, p := range paid {
		o.Lines = append(o.Lines, intake.OrderLine{Line: i + 1, SKU: string("ABC"[i]), Quantity: 3, PriceMinor: p, PaidMinor: p})
	}
	return o
}

func aCase(number, order, decision string, quantity int) intake.Case {
	return intake.Case{Shop: "TB", Number: number, Order: order, Type: "return_refund", Reason: "size_fit", Decision: decision, Warehouse: "HZ1", SubmittedAt: now.Add(-24 * time.Hour),
		Lines: []intake.CaseLine{{SKU: "A", Quantity: quantity}}}
}

func TestCatalogueCSV(t *testing.T) {
	const file = `owner,sku,name,name_en,color,value,gtin,own_codes,carton_codes,serial_tracked,weight_g,season
QY,A,夹克,Jacket,#a9c6da,"1,239.50",6979990000014,QY-A|QYA,16979990000011,no,520,AW
QY,X,帽,Hat,blue,39.90,,,,,,
QY,Y,围巾,Scarf,,39.9,6979990000015,,,,,
QY,Z,手套,Gloves,,39.905,,,,maybe,,
ZZ,A,别家,Other,,,,,,,,
QY,W,袜,Socks,,9,6979990000014,,,,,
QY,,无,None,,,,,,,,
QY,V,背心,Vest,,="59.00",="6979990000021",,,是,1.2E+2,
QY,A,夹克,Jacket,#a9c6da,1239.50,,,,,520,
QY,S,少一格
QY,T,毛衣,Sweater,,159,,,,,,
`
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := openDoor(t, d, intake.Hooks{})
		rep, err := f.CatalogueCSV(t.Context(), strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		want := "3:color:bad_color 4:codes:gtin_check_digit 5:serial_tracked:bad_flag 5:value:bad_amount 6:owner:unknown_owner 7:codes:code_taken 8:sku:missing " +
			"9:weight_g:bad_number 11::malformed"
		if got := told(rep.Errors); got != want {
			t.Errorf("errors\n got %s\nwant %s", got, want)
		}
		if told(rep.Warnings) != "1:season:unknown_field" {
			t.Errorf("warnings %s", told(rep.Warnings))
		}
		// The two A lines are one record only when they follow each other.
		if rep.Records != 11 || rep.Updated != 1 || rep.Folded != 1 || rep.Created != 1 || rep.Failed != 8 {
			t.Errorf("%+v", rep)
		}
		var a catalogue.SKU
		if err := d.Read.Where("code = 'A'").Take(&a).Error; err != nil || a.ValueMinor != 123950 || a.NameEn != "Jacket" || a.WeightG != 520 {
			t.Errorf("%+v, %v", a, err)
		}
		for code, kind := range map[string]string{"06979990000014": "gtin", "QY-A": "own", "QYA": "own", "16979990000011": "carton"} {
			if f.count("sku_codes", "code = ? AND kind = ? AND sku_id = ?", code, kind, a.ID) != 1 {
				t.Errorf("no code %s", code)
			}
		}
		if f.count("skus", "code IN ('X','Y','Z','W','V','S')") != 0 || f.count("sku_codes", "code LIKE '%6979990000015'") != 0 {
			t.Error("a bad row left something behind")
		}
	})
}

const ordersFile = `shop,order,state,placed_at,buyer_name,buyer_phone,buyer_address,line,sku,quantity,price,paid,gateway,account,transaction_id,captured,carrier,waybill,shipment_state,packed_weight_g
TB,1001,delivered,2026-11-18 10:00:00,王晓雯,19900000001,余杭区 1 号,1,A,1,199.00,189.00,wechatpay,190,TX1,268.00,sf,SF 1438-0276-9951 00,delivered,900
TB,1001,,,,,,2,B,1,79.00,79.00,,,,,sf,SF1438027699510 0,delivered,900
TB,1002,delivered,2026-11-18 10:00:00,,,,1,A,1,199.00,199.00,wechatpay,190,TX2,199.00,,,,
TB,1002,,,,,,2,NOPE,1,10.00,10.00,,,,,,,,
TB,1003,delivered,yesterday,,,,1,A,one,199.00,199.00,wechatpay,190,TX3,199.00,,,,
TB,1004,delivered,2026-11-18 10:00:00,,,,1,A,1,199.00,199.00,wechatpay,190,1.2E+15,199.00,,,,
TB,1005,shipped,2026/11/18 10:00,,,,1,A,2,199.00,398.00,wechatpay,190,TX5,398.00,yto,YT1234567890123,refused,
TB,1006,delivered,2026-11-18 10:00:00,,,,1,A,1,199.00,199.00,wechatpay,190,TX1,999.00,,,,
`

func TestOrdersCSVAppliesWholeOrdersOrNothing(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(ordersFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"utf-8": []byte(ordersFile), "with mark": append([]byte("\xef\xbb\xbf"), ordersFile...), "gb18030": gb} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, d *db.DB) {
				f := openDoor(t, d, intake.Hooks{})
				rep, err := f.OrdersCSV(t.Context(), bytes.NewReader(file))
				if err != nil {
					t.Fatal(err)
				}
				want := "4:sku:unknown_sku 6:placed_at:bad_time 6:quantity:bad_number 7:transaction_id:scientific_number 9:captured:payment_conflict"
				if got := told(rep.Errors); got != want {
					t.Errorf("errors\n got %s\nwant %s", got, want)
				}
				if rep.Records != 6 || rep.Created != 2 || rep.Failed != 4 {
					t.Errorf("%+v", rep)
				}
				if f.count("orders", "number IN ('1002','1003','1004','1006')") != 0 || f.count("payments", "transaction_id IN ('TX2','TX3')") != 0 || f.count("order_lines", "1=1") != 3 {
					t.Error("a bad order was half applied")
				}
				var o order.Order
				if err := d.Read.Where("number = '1001'").Take(&o).Error; err != nil {
					t.Fatal(err)
				}
				if name, err := f.ring.Open(o.BuyerKeyID, o.BuyerNameEnc, o.SealedName()); err != nil || string(name) != "王晓雯" || o.BuyerPhoneIdx != f.ring.Phone("+86 19900000001") {
					t.Errorf("buyer %q, %v", name, err)
				}
				if f.count("waybill_aliases", "number = 'SF1438027699510 0'") != 0 || f.count("waybill_aliases", "number = 'SF14380276995100' AND role = 'outbound'") != 1 ||
					f.count("shipment_lines", "order_id = ?", o.ID) != 2 {
					t.Error("the waybill was not normalised to one shipment")
				}
				if !o.PlacedAt.Equal(time.Date(2026, 11, 18, 2, 0, 0, 0, time.UTC)) {
					t.Errorf("placed at %s", o.PlacedAt)
				}
			})
		})
	}
}

func TestAnUnreadableRowSpoilsItsNeighboursOnly(t *testing.T) {
	const file = "shop,order,placed_at,line,sku,quantity,paid\n" +
		"TB,1,2026-11-18,1,A,1,10\n" +
		"TB,2,2026-11-18,1,A,1,10\n" +
		"TB,2,2026-11-18,2,\"B,1,10\nTB,2,2026-11-18,3,C\",1,10,4,5\n" +
		"TB,3,2026-11-18,1,A,1,10\n" +
		"TB,4,2026-11-18,1,A,1,10\n"
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := openDoor(t, d, intake.Hooks{})
		rep, err := f.OrdersCSV(t.Context(), strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if got := told(rep.Errors); got != "3::beside_unreadable 4::malformed 6::beside_unreadable" {
			t.Errorf("errors %s", got)
		}
		if f.count("orders", "number IN ('1','4')") != 2 || f.count("orders", "1=1") != 2 {
			t.Error("the wrong orders were applied")
		}
	})
}

func TestJSONStreams(t *testing.T) {
	array := `[{"shop":"TB","number":"1","placed_at":"2026-11-18T02:00:00Z","gift_wrap":true,"lines":[{"line":1,"sku":"A","quantity":1,"paid_minor":1000,"colour":"red"}]},
	 {"shop":"TB","number":"2","placed_at":"2026-11-18T02:00:00Z","lines":[{"line":1,"sku":"A","quantity":"one","paid_minor":1000}]},
	 {"shop":"TB","number":"3","placed_at":"2026-11-18T02:00:00Z","lines":[{"line":1,"sku":"B","quantity":2,"paid_minor":1000}]},
	 {"shop":"TB","number":"4",`
	lines := `{"shop":"TB","number":"1","placed_at":"2026-11-18T02:00:00Z","lines":[{"line":1,"sku":"A","quantity":1,"paid_minor":1000}]}
{"shop":"TB","number":"5","placed_at":"2026-11-18T02:00:00Z","lines":[{"line":1,"sku":"A","quantity":1,"paid_minor":-1}]}`
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := openDoor(t, d, intake.Hooks{})
		rep, err := f.OrdersJSON(t.Context(), strings.NewReader(array))
		if err != nil {
			t.Fatal(err)
		}
		if got := told(rep.Errors); got != "2:lines.quantity:bad_type 4::malformed" {
			t.Errorf("errors %s", got)
		}
		if got := told(rep.Warnings); got != "1:gift_wrap:unknown_field 1:lines[0].colour:unknown_field" {
			t.Errorf("warnings %s", got)
		}
		if rep.Created != 2 || f.count("orders", "number IN ('1','3')") != 2 {
			t.Errorf("what came before the break was not applied: %+v", rep)
		}
		rep, err = f.OrdersJSON(t.Context(), strings.NewReader(lines))
		if err != nil || told(rep.Errors) != "2:paid:bad_amount" || rep.Unchanged != 1 {
			t.Errorf("%v, %+v", err, rep)
		}
		for name, file := range map[string]string{"empty": "", "only an opening": "[", "no array": `"x"`, "null": "null"} {
			if rep, err := f.OrdersJSON(t.Context(), strings.NewReader(file)); err != nil || rep.Created > 0 {
				t.Errorf("%s: %v, %+v", name, err, rep)
			}
		}
	})
}

func TestCaseBeforeItsOrder(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := openDoor(t, d, intake.Hooks{})
		f.clean(f.Cases(t.Context(), []intake.Case{aCase("RT1", "1001", "approved", 2), aCase("RT2", "1001", "submitted", 1)}))
		odd := aCase("RT3", "1001", "submitted", 1)
		odd.Lines[0].SKU = "C"
		f.clean(f.Cases(t.Context(), []intake.Case{odd}))
		if f.count("cases", "order_id IS NULL") != 3 || f.count("events", "type = 'backdock.case.approved.v1'") != 0 {
			t.Fatal("cases without an order")
		}
		rep, err := f.Orders(t.Context(), []intake.Order{anOrder("1001", 10000, 5000)})
		if err != nil || rep.Created != 1 || told(rep.Warnings) != "1:order:line_not_on_order" {
			t.Fatalf("%v, %+v", err, rep)
		}
		if f.count("cases", "order_id IS NOT NULL") != 2 {
			t.Fatal("the order did not attach its cases")
		}
		var l order.Line
		d.Read.Where("line_no = 1").Take(&l)
		if l.ApprovedQuantity != 2 || l.ApprovedMinor != 6667 {
			t.Errorf("approved %d, %d", l.ApprovedQuantity, l.ApprovedMinor)
		}
		if f.count("events", "type = 'backdock.case.approved.v1'") != 1 || f.count("events", "type = 'backdock.case.submitted.v1'") != 3 {
			t.Error("an event is missing or twice")
		}
		// The same shop's order only.
		other := anOrder("2002", 100)
		other.Shop = "JD"
		f.clean(f.Orders(t.Context(), []intake.Order{other}))
		f.clean(f.Cases(t.Context(), []intake.Case{aCase("RT4", "2002", "submitted", 1)}))
		if f.count("cases", "number = 'RT4' AND order_id IS NULL") != 1 {
			t.Error("a case took another shop's order")
		}
	})
}

// strangers puts parcels of unknown owner under a waybill, one per state.
func (f door) strangers(waybill string, states ...string) {
	f.t.Helper()
	for _, s := range states {
		p := receiving.Parcel{WarehouseID: 1, Kind: "unknown", State: s, Waybill: waybill, CreatedAt: now, Version: 1}
		if err := f.d.InTx(f.t.Context(), func(tx *gorm.DB) error { return tx.Create(&p).Error }); err != nil {
			f.t.Fatal(err)
		}
	}
}

// caseAndLine reads a case and the first order line.
func (f door) caseAndLine(number string) (c aftersales.Case, l order.Line) {
	f.t.Helper()
	if err := errors.Join(f.d.Read.Where("number = ?", number).Take(&c).Error, f.d.Read.Where("line_no = 1").Take(&l).Error); err != nil {
		f.t.Fatal(err)
	}
	return c, l
}

func TestCasesFollowTheChannelAndNeverBackwards(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		var observed, claimed []string
		f := openDoor(t, d, intake.Hooks{
			Observe: func(_ context.Context, _ *gorm.DB, c id.Case, total int64) error {
				observed = append(observed, fmt.Sprint(c, ":", total))
				return nil
			},
			Claim: func(_ context.Context, tx *gorm.DB, c id.Case, p id.Parcel) error {
				claimed = append(claimed, fmt.Sprint(c, "-", p))
				if p == 2 {
					return fault.New(fault.Conflict, "parcel_open", "the parcel is open on a bench")
				}
				return tx.Exec("UPDATE parcels SET kind = 'customer_return', owner_id = 1 WHERE id = ?", p).Error
			},
		})
		f.clean(f.Orders(t.Context(), []intake.Order{anOrder("1001", 10000)}))
		f.strangers("SF1438027699510", "closed", "open")
		c := aCase("RT1", "1001", "approved", 3)
		f.clean(f.Cases(t.Context(), []intake.Case{c}))
		if got, l := f.caseAndLine("RT1"); got.Decision != "approved" || got.Goods != "awaited" || got.ApprovedMinor != 10000 || l.ApprovedMinor != 10000 {
			t.Fatalf("%+v", got)
		}
		c.Waybills = []intake.Waybill{{Carrier: "sf", Number: "sf 1438 0276 9951 0"}}
		c.Decision = ""
		rep, err := f.Cases(t.Context(), []intake.Case{c, c})
		if err != nil || rep.Updated != 1 || rep.Folded != 1 || rep.Failed != 0 || told(rep.Warnings) != "1:waybill:claim_refused" || fmt.Sprint(claimed) != "[1-1 1-2]" {
			t.Fatalf("%v, %+v, claimed %v", err, rep, claimed)
		}
		c.Decision = "withdrawn"
		f.clean(f.Cases(t.Context(), []intake.Case{c}))
		if got, l := f.caseAndLine("RT1"); got.Decision != "withdrawn" || got.ApprovedMinor != 0 || l.ApprovedMinor != 0 || l.ApprovedQuantity != 0 {
			t.Fatalf("%+v, %+v", got, l)
		}
		c.Decision = "rejected"
		rep, err = f.Cases(t.Context(), []intake.Case{c})
		if err != nil || told(rep.Warnings) != "1:decision:late_message" || rep.Failed != 0 {
			t.Fatalf("%v, %+v", err, rep)
		}
		c.Decision, c.RefundedElsewhereMinor = "approved", 10000
		for range 2 {
			f.clean(f.Cases(t.Context(), []intake.Case{c}))
		}
		if got, _ := f.caseAndLine("RT1"); got.Money != "returned_elsewhere" || fmt.Sprint(observed) != "[1:10000 1:10000]" {
			t.Fatalf("%+v, observed %v", got, observed)
		}
		c.Lines[0].Quantity = 2
		if rep, err := f.Cases(t.Context(), []intake.Case{c}); err != nil || told(rep.Errors) != "1:quantity:line_in_use" {
			t.Fatalf("%v, %+v", err, rep)
		}
		over := aCase("RT2", "1001", "approved", 1)
		if rep, err := f.Cases(t.Context(), []intake.Case{over}); err != nil || told(rep.Errors) != "1::over_approved" || f.count("cases", "number = 'RT2'") != 0 {
			t.Fatalf("%v, %+v", err, rep)
		}
	})
}

func TestCasesCSV(t *testing.T) {
	const file = `shop,case,order,type,reason,decision,warehouse,submitted_at,line,sku,quantity,carrier,waybill,waybill_role
TB,RT1,1001,return_refund,size_fit,approved,HZ1,2026-11-20 09:00,1,,2,sf,SF1438027699510,
TB,RT1,1001,return_refund,,,,,2,B,1,jd,JDVB12345678901-1-2-,platform
TB,RT2,1001,teleport,size_fit,,HZ1,2026-11-20 09:00,1,,1,,,
TB,RT3,1001,refund_only,missing_item,,HZ9,2026-11-20 09:00,1,,1,,,
TB,RT4,1001,refund_only,missing_item,,,2026-11-20 09:00,9,,1,,,
TB,RT5,1001,refund_only,missing_item,,,2026-11-20 09:00,,,,,,
`
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := openDoor(t, d, intake.Hooks{})
		f.clean(f.Orders(t.Context(), []intake.Order{anOrder("1001", 10000, 5000)}))
		rep, err := f.CasesCSV(t.Context(), strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if got := told(rep.Errors); got != "4:type:bad_enum 5:warehouse:unknown_warehouse 6:line:line_unknown 7:sku:missing" {
			t.Errorf("errors %s", got)
		}
		if rep.Created != 1 || f.count("case_lines", "order_line_id IS NOT NULL AND approved_minor > 0") != 2 || f.count("cases", "goods = 'in_transit'") != 1 {
			t.Errorf("%+v", rep)
		}
		if f.count("waybill_aliases", "number = 'JDVB12345678901' AND role = 'platform'") != 1 {
			t.Error("the JD package number was not brought to its consignment")
		}
	})
}

func TestSharedPaymentsAndMergedShipments(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		f := openDoor(t, d, intake.Hooks{})
		pay := func(tx string, captured, amount int64) intake.Payment {
			return intake.Payment{Gateway: "wechatpay", Account: "190", TransactionID: tx, CapturedMinor: captured, AmountMinor: amount}
		}
		one, two, three := anOrder("1", 3000), anOrder("2", 2000), anOrder("3", 100)
		one.Payments, two.Payments = []intake.Payment{pay("T1", 4000, 2500), pay("T2", 500, 0)}, []intake.Payment{pay("T1", 4000, 1500)}
		three.Payments = []intake.Payment{pay("T1", 4000, 100)}
		one.Shipments = []intake.Shipment{{Carrier: "sf", Waybill: "SF1438027699510", State: "in_transit", PackedWeightG: 800}}
		two.Shipments = []intake.Shipment{{Carrier: "sf", Waybill: "sf 1438027699510", State: "refused", PackedWeightG: 800}}
		rep, err := f.Orders(t.Context(), []intake.Order{one, two, three})
		if err != nil || told(rep.Errors) != "3:amount:payment_conflict" || rep.Created != 2 {
			t.Fatalf("%v, %+v", err, rep)
		}
		if f.count("payments", "1=1") != 2 || f.count("order_payments", "1=1") != 3 || f.count("shipments", "state = 'refused'") != 1 || f.count("shipments", "1=1") != 1 ||
			f.count("shipment_lines", "1=1") != 2 || f.count("waybill_aliases", "1=1") != 1 {
			t.Error("not one payment and one shipment for both orders")
		}
		one.Shipments[0].State = "in_transit" // late
		one.State = "shipped"                 // late
		if rep := f.clean(f.Orders(t.Context(), []intake.Order{one})); rep.Unchanged != 1 || f.count("shipments", "state = 'refused'") != 1 || f.count("orders", "state = 'shipped'") != 0 {
			t.Errorf("a late message moved something back: %+v", rep)
		}
		one.Lines[0].PaidMinor, one.Buyer.Address = 2900, "新地址"
		if rep := f.clean(f.Orders(t.Context(), []intake.Order{one, one})); rep.Updated != 1 || rep.Folded != 1 {
			t.Errorf("%+v", rep)
		}
	})
}
