package desk_test

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// acts are what can happen in a hall. A name stands several times so that it happens more often.
func (h *hall) acts() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"scan": h.scans, "scan more": h.scans, "scan on": h.scans, "and on": h.scans, "insist": h.insist,
		"claim": h.office(h.claims), "late case": h.office(h.late), "messages again": h.office(h.again), "withdraw": h.office(h.withdraw),
		"reopen": h.office(h.reopens), "inspect": h.office(h.inspect), "undo inspection": h.office(h.undoInspection),
		"": h.check,
	}
}

// office wraps what people and channels do.
func (h *hall) office(act func(rt *rapid.T)) func(*rapid.T) {
	return func(rt *rapid.T) {
		h.steps++
		h.Site.Clock.Add(time.Second)
		act(rt)
	}
}

var modelControls = []string{"BD:DONE", "BD:DONE", "BD:UNDO", "BD:UNDO", "BD:+1", "BD:HOLD", "BD:RESUME", "BD:EMPTY", "BD:JUNK", "BD:CONDITION:damaged", "BD:CONDITION:sealed",
	"BD:CONDITION:counterfeit", "BD:CONDITION:accessory_missing"}

// code draws what a clerk scans: mostly pieces.
func (h *hall) code(rt *rapid.T) string {
	switch p := rapid.IntRange(0, 99).Draw(rt, "kind"); {
	case p < 25:
		return rapid.SampledFrom([]string{way, way, "SF0000000000002", "SF0000000000003", "SF0000000000004", "SF0000000000005", "SF0000000000006", stranger, "C0", "C2"}).Draw(rt, "number")
	case p < 65:
		return rapid.SampledFrom([]string{gtin(1), gtin(1), gtin(1), gtin(2), gtin(3), gtin(3), gtin(4), gtin(77)}).Draw(rt, "piece")
	}
	return rapid.SampledFrom(modelControls).Draw(rt, "control")
}

// scans sends a few scans of one bench, in one transaction.
func (h *hall) scans(rt *rapid.T) {
	n := rapid.IntRange(0, len(h.hands)-1).Draw(rt, "bench")
	data := make([]string, rapid.IntRange(1, 4).Draw(rt, "batch"))
	for i := range data {
		data[i] = h.code(rt)
	}
	h.send(rt, n, data)
}

// insist scans one number twice, as a clerk does who has the box in hand.
func (h *hall) insist(rt *rapid.T) {
	n := rapid.IntRange(0, len(h.hands)-1).Draw(rt, "bench")
	number := rapid.SampledFrom([]string{way, "SF0000000000002", "SF0000000000004", "SF0000000000006", stranger}).Draw(rt, "number")
	h.send(rt, n, []string{number, number})
}

func (h *hall) send(rt *rapid.T, n int, data []string) {
	h.readPaid()
	hand := h.hands[n]
	scans := make([]scanner.Scan, len(data))
	for i, d := range data {
		scans[i] = hand.Next(d)
	}
	h.Site.Clock.Add(time.Second)
	h.cut = rapid.SampledFrom([]int{0, 0, 0, 0, 0, 1, 2, 5}).Draw(rt, "fault at event")
	got, err := hand.Send(scans...)
	h.cut = 0
	if errors.Is(err, errCut) { // nothing is known of the scans: they are sent again
		got, err = hand.Send(scans...)
	}
	if err != nil {
		rt.Fatalf("bench %d scans %q: %v", n+1, data, err)
	}
	for i, d := range data {
		h.steps++
		code, unit := h.scan(h.benches[n], d)
		o := got.Outcomes[i]
		if o.Code != code {
			rt.Fatalf("bench %d scans %q (of %q): the desk says %s %v, the model %s", n+1, d, data, o.Code, o.Params, code)
		}
		if (unit != nil) != (o.Plate != "" && slices.ContainsFunc(o.Effects, func(e scanner.Effect) bool { return e.Kind == scanner.EffectUnitBooked })) {
			rt.Fatalf("bench %d scans %q: %s booked %v", n+1, d, o.Code, o.Effects)
		}
		if unit != nil {
			unit.plate = o.Plate
		}
		if p := h.benches[n].open; p != nil && p.number == "" {
			p.number = o.Parcel
		}
		h.readPaidAfter(code)
	}
	switch rapid.IntRange(0, 9).Draw(rt, "then") {
	case 0: // the answer was lost on the way
		again, err := hand.Send(scans...)
		if err != nil || !reflect.DeepEqual(again.Outcomes, got.Outcomes) {
			rt.Fatalf("sent again: %v\n%+v\n%+v", err, again.Outcomes, got.Outcomes)
		}
	case 1: // another server takes over
		hand.Desk = h.NewDesk()
	}
}

// readPaidAfter sees what a closed parcel has set in motion, before the next scan of the batch: all of it is in the books once the batch is.
func (h *hall) readPaidAfter(code scanner.Code) {
	if code == scanner.CodeClosed || code == scanner.CodeClosedShort {
		h.readPaid()
	}
}

// readPaid asks which pieces have a refund. Whether money may follow is held by (*hall).check; here it only keeps UNDO from them.
func (h *hall) readPaid() {
	var plates []string
	h.must(h.DB.Read.Raw("SELECT u.plate FROM refund_lines f JOIN units u ON u.id = f.unit_id WHERE f.live").Scan(&plates).Error)
	for _, u := range h.units {
		u.paid = slices.Contains(plates, u.plate)
	}
}

// parcel draws one of those that came.
func (h *hall) parcel(rt *rapid.T) *mParcel {
	if len(h.parcels) == 0 {
		rt.Skip("no parcel yet")
	}
	return h.parcels[rapid.IntRange(0, len(h.parcels)-1).Draw(rt, "parcel")]
}

func parcelID(p *mParcel) id.Parcel {
	n, _ := receiving.ParseParcelNumber(p.number)
	return n
}

func (h *hall) claims(rt *rapid.T) {
	p := h.parcel(rt)
	i := rapid.IntRange(0, len(h.cases)-1).Draw(rt, "case")
	if !h.cases[i].known {
		rt.Skip("that case is not known")
	}
	c := receivingtest.One[id.Case](h.Site, "SELECT id FROM cases WHERE number = ?", h.cases[i].number)
	h.readPaid()
	err := h.DB.InTx(h.T.Context(), func(tx *gorm.DB) error { return h.Desk.ClaimBy(h.T.Context(), tx, c, parcelID(p), h.by) })
	if done := h.claim(p, h.cases[i]); done != (err == nil) || !done && fault.Code(err) != "parcel_claimed" {
		rt.Fatalf("claim of %s for %s: %v, the model says %v", p.number, h.cases[i].number, err, done)
	}
}

// late brings the case whose waybill was a stranger's: it claims what is there.
func (h *hall) late(rt *rapid.T) {
	c := h.cases[4]
	if c.known {
		rt.Skip("it has come")
	}
	h.readPaid()
	c.known = true
	h.loaded(h.im.Cases(h.T.Context(), h.says[4:5]))
	for _, p := range h.parcels {
		if !p.owned && (p.waybill == stranger || slices.Contains(p.labels, stranger)) {
			h.claim(p, c)
		}
	}
}

// again sends messages that were sent before: nothing may change.
func (h *hall) again(rt *rapid.T) {
	h.loaded(h.im.Orders(h.T.Context(), h.orders))
	h.loaded(h.im.Cases(h.T.Context(), h.come()))
}

// withdraw takes a request back while its box may be in the air.
func (h *hall) withdraw(rt *rapid.T) {
	i := rapid.SampledFrom([]int{3, 5}).Draw(rt, "case")
	h.says[i].Decision = "withdrawn"
	h.loaded(h.im.Cases(h.T.Context(), h.says[i:i+1]))
	decision := receivingtest.One[string](h.Site, "SELECT decision FROM cases WHERE number = ?", h.cases[i].number)
	if h.cases[i].over = decision == "withdrawn"; !h.cases[i].over {
		rt.Fatalf("case %s is %s", h.cases[i].number, decision)
	}
}

func (h *hall) reopens(rt *rapid.T) {
	p := h.parcel(rt)
	err := h.Desk.Reopen(h.T.Context(), parcelID(p), h.by, "一件落在箱底")
	if done := h.reopen(p); done != (err == nil) || !done && fault.Code(err) != "parcel_state" {
		rt.Fatalf("reopen %s: %v, the model says %v", p.number, err, done)
	}
}

func (h *hall) unit(rt *rapid.T, is func(u *mUnit) bool) *mUnit {
	var some []*mUnit
	for _, u := range h.units {
		if is(u) {
			some = append(some, u)
		}
	}
	if len(some) == 0 {
		rt.Skip("no such unit")
	}
	return some[rapid.IntRange(0, len(some)-1).Draw(rt, "unit")]
}

func (h *hall) stored(u *mUnit) inventory.Unit {
	var row inventory.Unit
	h.must(h.DB.Read.Where("plate = ?", u.plate).Take(&row).Error)
	return row
}

func (h *hall) inspect(rt *rapid.T) {
	u := h.unit(rt, func(u *mUnit) bool { return u.account == "quarantine" && !u.inspected && !u.undone })
	checks := map[string]bool{}
	for _, c := range qc.Checklist("apparel") {
		checks[c.Key] = true
	}
	_, err := h.qc.Inspect(h.T.Context(), qc.Decision{Plate: u.plate, Grade: "A", Checks: checks, Version: h.stored(u).Version, By: h.by})
	if err != nil {
		rt.Fatalf("inspect %s (%s): %v", u.plate, u.finding, err)
	}
	u.inspected, u.account = true, "available"
}

func (h *hall) undoInspection(rt *rapid.T) {
	u := h.unit(rt, func(u *mUnit) bool { return u.inspected })
	if _, err := h.qc.Undo(h.T.Context(), u.plate, h.by, "看错了", h.stored(u).Version); err != nil {
		rt.Fatalf("undo the inspection of %s: %v", u.plate, err)
	}
	u.inspected, u.account = false, "quarantine"
}
