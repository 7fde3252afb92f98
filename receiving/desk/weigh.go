package desk

import (
	"fmt"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// share is what a closed box should hold of one order line.
type share struct {
	line     *id.OrderLine
	quantity int
	grams    int // of one piece; 0: nobody knows
}

func sharesOf(rows []awaitedRow) []share {
	out := make([]share, len(rows))
	for i, r := range rows {
		out[i] = share{r.OrderLineID, r.Quantity, r.SKU.WeightG}
	}
	return out
}

// shares of an open parcel are those of its awaited lines that have not come yet.
func (d *docket) shares() []share {
	var out []share
	for _, l := range d.missing() {
		out = append(out, share{l.OrderLineID, l.Expected - l.Received, l.sku.WeightG})
	}
	return out
}

// weigh takes the weight that came with the scan and compares it with what the box should weigh. Only a weight at rest counts, and only of a box that nothing
// was taken out of. It changes the parcel in memory and reports whether it did.
func (s *session) weigh(d *docket, awaited []share) (bool, error) {
	p := &d.parcel
	if p.Pieces > 0 || s.scan.WeightGrams <= 0 || !s.scan.WeightStable {
		return false, nil
	}
	p.WeightG, p.WeighedAt = int(s.scan.WeightGrams), ptr(s.at)
	expected, err := s.shouldWeigh(awaited)
	if err != nil {
		return false, err
	}
	p.ExpectedG = expected
	if p.Light = false; expected == 0 {
		return true, nil
	}
	tolerance, err := s.tolerance(val(p.OwnerID), expected)
	p.Light = p.WeightG+tolerance < expected
	return true, err
}

// tolerance is what a box of an owner may lack before it counts as light, in grams: the larger one of a share and a fixed weight, for packing differs.
func (s *session) tolerance(owner id.Owner, expected int) (int, error) {
	var rows []struct{ LightPercent, LightG int }
	if err := s.tx.Raw("SELECT light_percent, light_g FROM policies WHERE owner_id = ?", owner).Scan(&rows).Error; err != nil {
		return 0, fmt.Errorf("weight policy of owner %d: %w", owner, err)
	}
	if len(rows) == 0 {
		return max(expected*15/100, 100), nil // what the columns hold by default
	}
	return max(expected*rows[0].LightPercent/100, rows[0].LightG), nil
}

// shouldWeigh is what a box with these pieces should weigh at least, in grams: the packed weight of the shipment that they left in, less what stayed with the
// buyer or came back before; else the sum of the pieces. 0: the weights are not known.
func (s *session) shouldWeigh(awaited []share) (int, error) {
	goods, known := 0, len(awaited) > 0
	var lines []id.OrderLine
	for _, a := range awaited {
		known = known && a.grams > 0
		goods += a.quantity * a.grams
		if a.line != nil {
			lines = append(lines, *a.line)
		}
	}
	if !known {
		goods = 0
	}
	if len(lines) == 0 || len(lines) < len(awaited) {
		return goods, nil
	}
	var rows []struct {
		ShipmentID    id.Shipment
		PackedWeightG int
		OrderLineID   id.OrderLine
		Quantity      int
		WeightG       int
	}
	err := s.tx.Raw(`SELECT l.shipment_id, h.packed_weight_g, l.order_line_id, l.quantity, k.weight_g FROM shipment_lines l JOIN shipments h ON h.id = l.shipment_id
 JOIN order_lines o ON o.id = l.order_line_id JOIN skus k ON k.id = COALESCE(o.shipped_sku_id, o.sku_id)
 WHERE l.shipment_id IN (SELECT shipment_id FROM shipment_lines WHERE order_line_id IN ?) ORDER BY l.shipment_id, l.order_line_id`, lines).Scan(&rows).Error
	if err != nil {
		return 0, fmt.Errorf("packed weight: %w", err)
	}
	if len(rows) == 0 || rows[0].PackedWeightG == 0 || rows[len(rows)-1].ShipmentID != rows[0].ShipmentID {
		return goods, nil
	}
	packed, left := rows[0].PackedWeightG, len(lines)
	for _, r := range rows {
		here := 0
		for _, a := range awaited {
			if *a.line == r.OrderLineID {
				here += a.quantity
				left--
			}
		}
		elsewhere := max(0, r.Quantity-here)
		if elsewhere > 0 && r.WeightG == 0 {
			return goods, nil
		}
		packed -= elsewhere * r.WeightG
	}
	if left > 0 || packed <= 0 {
		return goods, nil
	}
	return packed, nil
}

// reweigh is weigh for a parcel that stood at the dock: without a new weight it is judged by the one of the dock, now that what it awaits is known.
func (s *session) reweigh(d *docket, awaited []share) error {
	if s.scan.WeightGrams <= 0 || !s.scan.WeightStable {
		scan := s.scan
		defer func() { s.scan = scan }()
		s.scan.WeightGrams, s.scan.WeightStable = int64(d.parcel.WeightG), true
	}
	_, err := s.weigh(d, awaited)
	return err
}

// weighAgain takes the weight of the box that is open already: the clerk put it on the scale and scanned its label once more.
func (s *session) weighAgain(d *docket) error {
	changed, err := s.weigh(d, d.shares())
	if err != nil || !changed {
		return err
	}
	d.parcel.Version++
	s.out.touch(d)
	s.tellParcel("backdock.parcel.weighed.v1", d, weightData(d, nil))
	return nil
}

// weightData adds what is known of the weight to an event.
func weightData(d *docket, data event.Data) event.Data {
	if data == nil {
		data = event.Data{}
	}
	p := d.parcel
	for name, grams := range map[string]int{"weight_g": p.WeightG, "expected_g": p.ExpectedG, "empty_g": p.EmptyG} {
		if grams > 0 {
			data[name] = grams
		}
	}
	if p.Light {
		data["light"] = true
	}
	return data
}

// lightly words a box that weighs too little, before it is opened: the answer to its scan, whatever else there is to say of it, stands on its remark.
func lightly(p receiving.Parcel) *ruling {
	return rule(scanner.CodeLightParcel, "measured_g", itoa(p.WeightG), "expected_g", itoa(p.ExpectedG))
}
