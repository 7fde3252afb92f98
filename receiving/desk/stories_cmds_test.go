package desk_test

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/audit"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// imports brings a message of a channel:
//
//	import order NUMBER SKU[*N]… gift:SKU   every piece cost 50.00, a gift nothing
//	import order NUMBER serials SKU S…      what went out on its line
//	import ship WAYBILL STATE ORDER…
//	import case NUMBER ORDER [reason X] [decision X] [refunded CENTS] [by WAYBILL]… [box WAYBILL PARENT]… [SKU*N]…
func (w *teller) imports(args []string) error {
	switch args[0] {
	case "order":
		return w.importOrder(args[1], args[2:])
	case "ship":
		for _, number := range args[3:] {
			o := w.order[number]
			o.Shipments = append(o.Shipments, intake.Shipment{Carrier: "sf", Waybill: args[1], State: args[2], ShippedAt: receivingtest.Start.Add(-5 * day)})
			if err := w.report(w.im.Orders(w.T.Context(), []intake.Order{*o})); err != nil {
				return err
			}
		}
		return nil
	case "case":
		return w.importCase(args[1], args[2], args[3:])
	}
	return fmt.Errorf("there is no import of %s", args[0])
}

func (w *teller) report(r intake.Report, err error) error {
	if err == nil && r.Failed > 0 {
		err = fmt.Errorf("%+v", r.Errors)
	}
	return err
}

func (w *teller) importOrder(number string, args []string) error {
	o := w.order[number]
	if o == nil {
		w.phone++
		o = &intake.Order{Shop: "TM1", Number: number, State: "delivered", Currency: "CNY", PlacedAt: receivingtest.Start.Add(-6 * day), Buyer: intake.Buyer{Name: "王", Phone: fmt.Sprint(13800000000 + w.phone)}}
		w.order[number] = o
	}
	if len(args) > 2 && args[0] == "serials" {
		for i := range o.Lines {
			if o.Lines[i].SKU == args[1] {
				o.Lines[i].Serials = args[2:]
			}
		}
	} else {
		total := int64(0)
		for _, a := range args {
			sku, n := counted(a)
			if gift, ok := strings.CutPrefix(sku, "gift:"); ok {
				o.Lines = append(o.Lines, intake.OrderLine{Line: len(o.Lines) + 1, Kind: "gift", SKU: gift, Quantity: n})
				continue
			}
			o.Lines = append(o.Lines, intake.OrderLine{Line: len(o.Lines) + 1, SKU: sku, Quantity: n, PriceMinor: 5000, PaidMinor: 5000 * int64(n)})
			total += 5000 * int64(n)
		}
		o.Payments = []intake.Payment{{Gateway: "till", Account: "main", TransactionID: "T" + number, OutTradeNo: "N" + number, CapturedMinor: total}}
	}
	return w.report(w.im.Orders(w.T.Context(), []intake.Order{*o}))
}

// counted splits TEE-L*2.
func counted(text string) (sku string, n int) {
	sku, count, ok := strings.Cut(text, "*")
	n = 1
	if ok {
		n, _ = strconv.Atoi(count)
	}
	return sku, n
}

func (w *teller) importCase(number, order string, args []string) error {
	c := w.cases[number]
	if c == nil {
		c = &intake.Case{Shop: "TM1", Number: number, Order: order, Type: "return_refund", Reason: "changed_mind", Decision: "approved", Currency: "CNY", SubmittedAt: receivingtest.Start.Add(-2 * day)}
		w.cases[number] = c
	}
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "reason":
			i++
			c.Reason = args[i]
		case "decision":
			i++
			c.Decision = args[i]
		case "refunded":
			i++
			c.RefundedElsewhereMinor, _ = strconv.ParseInt(args[i], 10, 64)
		case "box":
			i += 2
			c.Waybills = append(c.Waybills, intake.Waybill{Carrier: "sf", Number: args[i-1], Parent: args[i], Role: "return"})
		case "by":
			i++
			c.Waybills = append(c.Waybills, intake.Waybill{Carrier: "sf", Number: args[i], Role: "return"})
		default:
			sku, n := counted(args[i])
			for _, l := range w.order[order].Lines {
				if l.SKU == sku {
					c.Lines = append(c.Lines, intake.CaseLine{Line: l.Line, SKU: sku, Quantity: n})
				}
			}
		}
	}
	return w.report(w.im.Cases(w.T.Context(), []intake.Case{*c}))
}

// scans is `scan BENCH CODE…`, a second after the other, each in a transaction of its own.
func (w *teller) scans(args []string) error {
	w.hand = w.bench(args[0])
	for _, data := range args[1:] {
		if err := w.send(w.hand.Next(w.fill(data))); err != nil {
			return err
		}
	}
	return nil
}

// fill reads the names of a story: a product is scanned by its tag, PLATE is the last piece's label, PARCEL the last scan's parcel.
func (w *teller) fill(data string) string {
	if tag := w.tags[data]; tag != "" {
		return tag
	}
	return strings.NewReplacer("PLATE", w.plate, "PARCEL", w.last.Parcel).Replace(data)
}

func (w *teller) send(scans ...scanner.Scan) error {
	w.Clock.Add(time.Second)
	a, err := w.hand.Send(scans...)
	if err != nil {
		return err
	}
	w.sent, w.last = scans, a.Outcomes[len(a.Outcomes)-1]
	for _, o := range a.Outcomes {
		if o.Plate != "" {
			w.plate = o.Plate
		}
	}
	return nil
}

// twice is `twice BENCH CODE`: the scanner reads the same code again after 0.3 s.
func (w *teller) twice(args []string) error {
	w.hand = w.bench(args[0])
	if err := w.send(w.hand.Next(w.fill(args[1]))); err != nil {
		return err
	}
	again := w.hand.Next(w.fill(args[1]))
	again.MonoMicros -= 700_000
	w.hand.Mono = again.MonoMicros
	return w.send(again)
}

// offline is `offline BENCH CODE…`: the station kept the scans while the server was away and sends them in one go.
func (w *teller) offline(args []string) error {
	w.hand = w.bench(args[0])
	scans := make([]scanner.Scan, 0, len(args)-1)
	for _, data := range args[1:] {
		scans = append(scans, w.hand.Next(w.fill(data)))
	}
	return w.send(scans...)
}

// lost sends the last scans again, as a station does whose answer was lost: the answer is the same and nothing is booked.
func (w *teller) lost([]string) error {
	was, units := w.last, receivingtest.One[int](w.Site, "SELECT count(*) FROM units")
	if err := w.send(w.sent...); err != nil {
		return err
	}
	if !reflect.DeepEqual(was, w.last) {
		return fmt.Errorf("the answer was %+v and is %+v", was, w.last)
	}
	if n := receivingtest.One[int](w.Site, "SELECT count(*) FROM units"); n != units {
		return fmt.Errorf("%d units were booked again", n-units)
	}
	return nil
}

// restart puts another server in the place of the one that served the bench.
func (w *teller) restart(args []string) error {
	w.bench(args[0]).Desk = w.NewDesk()
	return nil
}

// expect is `expect CODE [TOTE] [NAME=VALUE]…`, said of the last scan.
func (w *teller) expect(args []string) error {
	if string(w.last.Code) != args[0] {
		return fmt.Errorf("%s %v", w.last.Code, w.last.Params)
	}
	tote := ""
	for _, a := range args[1:] {
		if name, value, ok := strings.Cut(a, "="); !ok {
			tote = a
		} else if got := w.last.Params[name]; got != value {
			return fmt.Errorf("%s is %q", name, got)
		}
	}
	if string(w.last.Tote) != tote {
		return fmt.Errorf("tote %q", w.last.Tote)
	}
	return nil
}

// inspects is `qc SKU GRADE`: the oldest piece of it that waits is graded.
func (w *teller) inspects(args []string) error {
	var rows []inventory.Unit
	err := w.DB.Read.Raw("SELECT u.* FROM units u JOIN skus s ON s.id = u.sku_id WHERE s.code = ? AND u.state = 'quarantine' ORDER BY u.id LIMIT 1", args[0]).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return fmt.Errorf("no %s waits: %v", args[0], err)
	}
	checks := map[string]bool{}
	for _, c := range qc.Checklist("apparel") {
		checks[c.Key] = true
	}
	_, err = w.qc.Inspect(w.T.Context(), qc.Decision{Plate: rows[0].Plate, Grade: args[1], Checks: checks, Version: rows[0].Version, By: w.by, Note: "故事"})
	return err
}

// refunds is `refund CASE CENTS`: what is on its way or paid by us.
func (w *teller) refunds(args []string) error {
	return w.is(args[1], `SELECT CAST(COALESCE(SUM(f.amount_minor), 0) AS TEXT) FROM refund_lines f JOIN refunds r ON r.id = f.refund_id JOIN cases c ON c.id = r.case_id
 WHERE c.number = ? AND r.origin = 'ours' AND f.live`, args[0])
}

func (w *teller) is(want, q string, args ...any) error {
	if got := receivingtest.One[string](w.Site, q, args...); got != want {
		return fmt.Errorf("it is %s", got)
	}
	return nil
}

// stock is `stock SKU ACCOUNT N`.
func (w *teller) stock(args []string) error {
	return w.is(args[2], "SELECT CAST(COALESCE(SUM(b.quantity), 0) AS TEXT) FROM balances b JOIN skus s ON s.id = b.sku_id WHERE (s.code = ? OR ? = 'placeholder' AND s.placeholder) AND b.account = ?", args[0], args[0], args[1])
}

// task is `task KIND [N]`: so many are open; one when no number is given.
func (w *teller) task(args []string) error {
	want := "1"
	if len(args) > 1 {
		want = args[1]
	}
	return w.is(want, "SELECT CAST(count(*) AS TEXT) FROM tasks WHERE kind = ? AND state = 'open'", args[0])
}

// goods is `goods CASE STATE`.
func (w *teller) goods(args []string) error {
	return w.is(args[1], "SELECT goods FROM cases WHERE number = ?", args[0])
}

// parcel is `parcel NUMBER STATE`.
func (w *teller) parcel(args []string) error {
	n, _ := receiving.ParseParcelNumber(w.fill(args[0]))
	return w.is(args[1], "SELECT state FROM parcels WHERE id = ?", n)
}

// claim is `claim PARCEL CASE`: a person gives the parcel to the case.
func (w *teller) claim(args []string) error {
	n, _ := receiving.ParseParcelNumber(w.fill(args[0]))
	c := receivingtest.One[id.Case](w.Site, "SELECT id FROM cases WHERE number = ?", args[1])
	return w.DB.InTx(w.T.Context(), func(tx *gorm.DB) error { return w.Desk.ClaimBy(w.T.Context(), tx, c, n, w.by) })
}

// reopen is `reopen PARCEL REASON`.
func (w *teller) reopen(args []string) error {
	n, _ := receiving.ParseParcelNumber(w.fill(args[0]))
	return w.Desk.Reopen(w.T.Context(), n, w.by, strings.Join(args[1:], " "))
}

func (w *teller) audit([]string) error {
	if _, err := w.Log.Sequence(w.T.Context()); err != nil {
		return err
	}
	rep, err := audit.RunAt(w.T.Context(), w.DB, w.Clock.Now())
	if err == nil && !rep.OK {
		err = fmt.Errorf("%s", rep.String())
	}
	return err
}
