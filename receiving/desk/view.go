package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/queue"
	"github.com/backdock/backdock/scanner"
)

// View shows a bench as it stands.
func (d *Desk) View(ctx context.Context, bench id.Bench) (scanner.BenchView, error) {
	tx := d.db.Read.WithContext(ctx)
	for range 3 {
		s := &session{Desk: d, ctx: ctx, tx: tx}
		if err := tx.Where("id = ?", bench).Limit(1).Find(&s.bench).Error; err != nil {
			return scanner.BenchView{}, fmt.Errorf("read bench %d: %w", bench, err)
		}
		if s.bench.ID == 0 {
			return scanner.BenchView{}, fault.New(fault.NotFound, "bench_not_found", "there is no bench %d", bench)
		}
		if err := s.read(); err != nil {
			return scanner.BenchView{}, err
		}
		view, err := s.view()
		if err != nil {
			return view, err
		}
		// Several reads outside a transaction may straddle a commit; the version tells.
		var version int64
		if err := tx.Raw("SELECT version FROM benches WHERE id = ?", bench).Scan(&version).Error; err != nil {
			return view, fmt.Errorf("read bench %d: %w", bench, err)
		}
		if version == s.bench.Version {
			return view, nil
		}
	}
	return scanner.BenchView{}, fault.New(fault.Unavailable, "bench_busy", "the bench is changing too fast to be shown: ask again")
}

// read loads what belongs to the bench without taking it out of the cabinet.
func (s *session) read() error {
	var err error
	if s.site, err = s.names.warehouse(s.ctx, s.tx, s.bench.WarehouseID); err != nil {
		return err
	}
	if s.clerk, err = s.names.clerk(s.ctx, s.tx, s.bench.OperatorID); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(s.bench.Pending), &s.pending); err != nil {
		return fmt.Errorf("pending of bench %d: %w", s.bench.ID, err)
	}
	if s.bench.OpenParcelID != nil {
		s.docket, err = loadDocket(s.ctx, s.tx, *s.bench.OpenParcelID)
	}
	return err
}

// view builds what the station shows from what the session holds.
func (s *session) view() (v scanner.BenchView, err error) {
	b := s.bench
	v = scanner.BenchView{Version: b.Version, Bench: b.Name, Number: b.Number, Kind: b.Kind, Warehouse: s.site.Name, TimeZone: s.site.TimeZone, Clerk: s.clerk,
		Choices: s.pending.Choices, Plates: scanner.PlateMode(b.Plates)}
	if v.Choices == nil {
		v.Choices = []scanner.Choice{}
	}
	if b.Day == s.Desk.clock.Now().In(s.site.zone).Format(time.DateOnly) {
		v.Today = scanner.Tally{Parcels: b.DayParcels, Pieces: b.DayPieces}
	}
	if v.Hand, err = s.handView(); err != nil {
		return v, err
	}
	if s.docket == nil {
		return v, s.idle(&v)
	}
	owner, err := s.ownerName(s.docket)
	if err != nil {
		return v, err
	}
	v.Parcel = s.docket.view()
	v.Parcel.Owner = owner
	return v, nil
}

// idle adds what a bench without an open parcel shows: the dock its hand-over, a receiving bench what to fetch next.
func (s *session) idle(v *scanner.BenchView) (err error) {
	switch s.bench.Kind {
	case receiving.DockBench:
		v.Dock, err = s.dockView()
	case "receiving":
		v.Fetch, err = queue.Fetch(s.db.Read.WithContext(s.ctx), s.bench.WarehouseID, s.Desk.clock.Now())
	}
	return err
}

// ownerName reads the owner's name once per docket. After a commit the transaction is gone, so a missing name comes from the reading handle.
func (s *session) ownerName(d *docket) (string, error) {
	if d.owner == "" && d.parcel.OwnerID != nil {
		name, err := s.names.owner(s.ctx, s.db.Read, d.parcel.OwnerID)
		if err != nil {
			return "", err
		}
		d.owner = name
	}
	return d.owner, nil
}

func (d *docket) view() *scanner.ParcelView {
	p := d.parcel
	v := &scanner.ParcelView{Number: p.Number(), Kind: p.Kind, Waybill: p.Waybill, Carrier: p.Carrier, Cases: []string{}, Orders: []string{}, Note: p.Note,
		Expected: p.Expected, Received: p.Received, WeightGrams: int64(p.WeightG), ExpectedGrams: int64(p.ExpectedG), Light: p.Light, Lines: make([]scanner.LineView, 0, len(d.lines))}
	if p.OpenedAt != nil {
		v.OpenedAt = *p.OpenedAt
	}
	for _, r := range d.receipts {
		if r.CaseNumber != "" {
			v.Cases = append(v.Cases, r.CaseNumber)
			if v.Reason == "" {
				v.Reason, v.Words = r.Reason, r.BuyerWords
			}
		}
		if r.OrderNumber != "" && !slices.Contains(v.Orders, r.OrderNumber) {
			v.Orders = append(v.Orders, r.OrderNumber)
		}
		if r.DeadlineAt != nil && (v.Deadline == nil || r.DeadlineAt.Before(*v.Deadline)) {
			v.Deadline = r.DeadlineAt
		}
	}
	for _, l := range d.lines {
		if l.Expected > 0 || l.Received > 0 {
			v.Lines = append(v.Lines, l.view(l == d.last))
		}
	}
	return v
}

func (l *line) view(last bool) scanner.LineView {
	v := scanner.LineView{ID: strconv.FormatInt(int64(l.ID), 10), SKU: l.sku.Code, Name: l.sku.Name, NameEN: l.sku.NameEn, Spec: l.sku.Spec, SpecEN: l.sku.SpecEn,
		Color: l.sku.Color, Expected: l.Expected, Received: l.Received, Finding: l.Finding, Last: last, Plates: slices.Clone(l.plates), Condition: l.mark}
	if v.Plates == nil {
		v.Plates = []string{}
	}
	if l.Expected > 0 && l.Received == 0 && l.Finding == string(receiving.Match) {
		v.Finding = ""
	}
	if len(l.codes) > 0 {
		v.Code = shown(l.codes[0])
	}
	return v
}

// shown is a stored code as it stands on the tag: GTINs without the zeros that fill them up.
func shown(code string) string {
	if len(code) == 14 && code[0] == '0' {
		if code[:6] == "000000" {
			return code[6:]
		}
		return code[1:]
	}
	return code
}
