package desk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// mistake is the receipt of a case whose buyer says that the shop sent the wrong thing; nil when there is none.
func (d *docket) mistake() *receipt {
	for _, r := range d.receipts {
		if r.Reason == "wrong_item" || r.Reason == "wrong_spec" {
			return r
		}
	}
	return nil
}

// sentByUs reports whether a piece that is not the awaited one is, by the buyer's own words, what the shop sent by mistake. Then it is ours and waits for an
// inspector; otherwise it is somebody else's until a person has settled whose.
func (d *docket) sentByUs(f receiving.Finding, target *line) bool {
	if f != receiving.WrongSpec && f != receiving.WrongItem {
		return false
	}
	if target == nil {
		return d.mistake() != nil
	}
	r := d.receipt(target.ReceiptID)
	return r != nil && (r.Reason == "wrong_item" || r.Reason == "wrong_spec")
}

// bare reports whether nothing has come out of the box that could be booked or named.
func (d *docket) bare() bool { return d.parcel.Pieces == 0 && d.parcel.Note != receiving.NoteJunk }

// note keeps what the closing has to tell about a piece.
func (d *docket) note(u *booked) { d.noteAs(u.Plate, receiving.Finding(u.Finding)) }

func (d *docket) noteAs(plate string, f receiving.Finding) {
	if f != receiving.Damaged && f != receiving.AccessoryMissing && f != receiving.Counterfeit {
		delete(d.odd, plate)
		return
	}
	if d.odd == nil {
		d.odd = map[string]receiving.Finding{}
	}
	d.odd[plate] = f
}

// deductions counts the pieces for which the policy may keep some of the money, or a person disputes it.
func (d *docket) deductions() map[string]int {
	if len(d.odd) == 0 {
		return nil
	}
	out := map[string]int{}
	for _, f := range d.odd {
		out[string(f)]++
	}
	return out
}

// suspect takes the last piece for a counterfeit: it leaves quarantine for custody, counts no more towards what was awaited, and no rule pays for it.
func (s *session) suspect(u *booked) (*ruling, error) {
	if err := s.sync(); err != nil { // from here on unit, line and stand-in have their ids
		return nil, err
	}
	was, finding, condition := u.line, u.Finding, u.Condition
	now := s.lineFor(receiving.Counterfeit, was, &was.sku)
	u.Title, u.ValueMinor, u.CaseLineID, u.OrderLineID = "buyer", 0, nil, nil
	if err := s.refile(u, now, receiving.Counterfeit, string(receiving.Counterfeit), inventory.InCustody, inventory.Custody); err != nil {
		return nil, err
	}
	r := rule(scanner.CodeCounterfeit, "plate", u.Plate, "was", condition, "was_finding", finding, "was_line", itoa(was.ID)).say(was.sku)
	r.unitID = u.ID
	return r.effect(scanner.Effect{Kind: scanner.EffectConditionSet, Plate: u.Plate}).about(s.docket), nil
}

// acquit takes a suspicion back. It reports false when another piece has taken the place meanwhile.
func (s *session) acquit(u *booked, params map[string]string) (bool, error) {
	n, err := strconv.ParseInt(params["was_line"], 10, 64)
	if err != nil {
		return false, fmt.Errorf("line of unit %s: %w", u.Plate, err)
	}
	f := receiving.Finding(params["was_finding"])
	now := s.docket.line(id.ReceiptLine(n))
	if now == nil || u.Finding != string(receiving.Counterfeit) || f.Awaited() && now.Received >= now.Expected {
		return false, nil
	}
	u.Title, u.ValueMinor = "ours", now.sku.ValueMinor
	if f.Awaited() {
		u.CaseLineID, u.OrderLineID = now.CaseLineID, now.OrderLineID
	}
	return true, s.refile(u, now, f, params["was"], inventory.InQuarantine, inventory.Quarantine)
}

// refile moves a stored unit of the open parcel to another line, finding and account.
func (s *session) refile(u *booked, now *line, f receiving.Finding, condition string, to inventory.Account, state inventory.State) error {
	d, was, from := s.docket, u.line, u.Account
	for l, n := range map[*line]int{was: -1, now: +1} {
		l.Received += n
		l.dirty = true
		if l.Expected > 0 {
			d.parcel.Received += n
		}
	}
	if err := s.writeLines(); err != nil {
		return err
	}
	was.plates = slices.DeleteFunc(was.plates, func(p string) bool { return p == u.Plate })
	now.plates = append(now.plates, u.Plate)
	if was.Received == 0 {
		was.mark = ""
	}
	now.mark, d.last = condition, now
	u.line, u.ReceiptLineID, u.Finding, u.Condition, u.Account, u.State, u.MovedAt, u.Version = now, &now.ID, string(f), condition, to, state, s.at, u.Version+1
	res := s.tx.Model(&inventory.Unit{}).Where("id = ? AND version = ?", u.ID, u.Version-1).Updates(map[string]any{"receipt_line_id": now.ID, "finding": u.Finding,
		"condition": u.Condition, "account": u.Account, "state": u.State, "title": u.Title, "value_minor": u.ValueMinor, "case_line_id": u.CaseLineID,
		"order_line_id": u.OrderLineID, "moved_at": u.MovedAt, "version": u.Version})
	if res.Error != nil {
		return fmt.Errorf("refile unit %s: %w", u.Plate, res.Error)
	}
	if res.RowsAffected != 1 {
		return errMoved
	}
	d.note(u)
	d.parcel.Version++
	s.out.touch(d)
	s.out.movements = append(s.out.movements, &movement{Movement: inventory.Movement{OwnerID: u.OwnerID, WarehouseID: u.WarehouseID, SKUID: u.SKUID, FromAccount: from,
		ToAccount: to, Quantity: 1, UnitID: &u.ID, Cause: "condition", CauseRef: s.key(), ByUser: s.bench.OperatorID, At: s.at}})
	e := s.fact("backdock.unit.condition_set.v1", "unit/"+u.Plate, u.Version, u.OwnerID, event.Data{"unit": u.ID, "plate": u.Plate, "condition": condition, "finding": u.Finding,
		"account": to, "parcel": d.parcel.Number()})
	s.tell(func() event.Event { return e })
	return nil
}

// junk notes that rubbish came in place of goods. Nothing of it is booked; the lines that lack pieces say so when the parcel is closed.
func (s *session) junk() (*ruling, error) {
	d := s.docket
	if d == nil {
		return rule(scanner.CodeNothingOpen), nil
	}
	s.next = s.pending
	r := rule(scanner.CodeJunkNoted, "parcel", d.parcel.Number(), "was", d.parcel.Note).about(d)
	if d.parcel.Note == receiving.NoteJunk {
		return r, nil
	}
	s.remark(d, receiving.NoteJunk)
	return r.effect(scanner.Effect{Kind: scanner.EffectJunkNoted, Parcel: d.parcel.Number()}), nil
}

func (s *session) remark(d *docket, note string) {
	d.parcel.Note = note
	d.parcel.Version++
	s.out.touch(d)
	s.tellParcel("backdock.parcel.remarked.v1", d, event.Data{"note": note})
}

func (s *session) undoJunk(o *receiving.Outcome, e scanner.Effect) (*ruling, error) {
	if s.docket == nil || s.docket.parcel.Number() != e.Parcel {
		return refused("parcel_closed", ""), nil
	}
	var params map[string]string
	if err := json.Unmarshal([]byte(o.Params), &params); err != nil {
		return nil, fmt.Errorf("params of %s:%d: %w", o.Producer, o.Seq, err)
	}
	s.remark(s.docket, params["was"])
	return undone("junk_noted").effect(scanner.Effect{Kind: scanner.EffectJunkNoted, Parcel: e.Parcel}), nil
}
