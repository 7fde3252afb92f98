package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// view is what the bench's page shows after the batch.
func (s *session) view() scanner.BenchView {
	b := s.bench
	v := scanner.BenchView{Version: b.Version, Bench: b.Name, Number: b.Number, Kind: b.Kind, Warehouse: s.site.Name, TimeZone: s.site.TimeZone, Clerk: s.clerk,
		Choices: s.pending.Choices, Today: scanner.Tally{Parcels: b.DayParcels, Pieces: b.DayPieces}}
	if v.Choices == nil {
		v.Choices = []scanner.Choice{}
	}
	if s.parcel != nil {
		v.Parcel = s.parcel.view()
	}
	return v
}

func (o *opened) view() *scanner.ParcelView {
	p := o.p
	v := &scanner.ParcelView{Number: o.number(), Kind: p.Kind, Waybill: p.Waybill, Carrier: p.Carrier, Owner: o.owner, Cases: []string{}, Orders: []string{}, Note: p.Note,
		OpenedAt: deref(p.OpenedAt), Expected: p.Expected, Received: p.Received, Lines: []scanner.LineView{}}
	for i, c := range o.cases {
		if i == 0 {
			v.Reason, v.Words = c.Reason, c.BuyerWords
		}
		v.Cases = append(v.Cases, c.Number)
		if c.DeadlineAt != nil && (v.Deadline == nil || c.DeadlineAt.Before(*v.Deadline)) {
			v.Deadline = c.DeadlineAt
		}
	}
	for _, x := range o.orders {
		v.Orders = append(v.Orders, x.Number)
	}
	for _, l := range o.lines {
		if l.Expected == 0 && l.Received == 0 {
			continue // taken back
		}
		row := scanner.LineView{ID: itoa(int64(l.ID)), SKU: l.sku.Code, Name: l.sku.Name, NameEN: l.sku.NameEn, Spec: l.sku.Spec, SpecEN: l.sku.SpecEn, Code: l.sku.printed(),
			Color: l.sku.Color, Expected: l.Expected, Received: l.Received, Last: l == o.touched, Plates: append([]string{}, l.plates...), Condition: l.condition}
		if l.Received > 0 {
			row.Finding = l.Finding
		}
		v.Lines = append(v.Lines, row)
	}
	return v
}

// View is what a bench's page shows now.
func (d *Desk) View(ctx context.Context, bench id.Bench) (scanner.BenchView, error) {
	tx := d.db.Read.WithContext(ctx)
	s := &session{d: d, ctx: ctx, tx: tx, now: d.clock.Now()}
	if res := tx.Where("id = ?", bench).Limit(1).Find(&s.bench); res.Error != nil || res.RowsAffected == 0 {
		if res.Error == nil {
			return scanner.BenchView{}, fault.New(fault.NotFound, "bench_not_found", "there is no bench %d", bench)
		}
		return scanner.BenchView{}, fmt.Errorf("bench %d: %w", bench, res.Error)
	}
	return s.look()
}

// look reads what a bench shows without locking anything.
func (s *session) look() (scanner.BenchView, error) {
	var err error
	if s.site, err = s.d.siteOf(s.tx, s.bench.WarehouseID); err != nil {
		return scanner.BenchView{}, err
	}
	if s.bench.OperatorID != nil {
		if s.clerk, err = s.d.clerkName(s.tx, *s.bench.OperatorID); err != nil {
			return scanner.BenchView{}, err
		}
	}
	if err := s.readPending(); err != nil {
		return scanner.BenchView{}, err
	}
	if s.bench.Day != s.now.In(s.site.loc).Format(time.DateOnly) {
		s.bench.DayParcels, s.bench.DayPieces = 0, 0
	}
	if s.bench.OpenParcelID != nil {
		var p receiving.Parcel
		if res := s.tx.Where("id = ?", *s.bench.OpenParcelID).Limit(1).Find(&p); res.Error != nil {
			return scanner.BenchView{}, fmt.Errorf("parcel: %w", res.Error)
		}
		o := newOpened(p)
		if err := s.readParcel(o); err != nil {
			return scanner.BenchView{}, err
		}
		s.parcel = o
	}
	return s.view(), nil
}

func newOpened(p receiving.Parcel) *opened {
	return &opened{p: p, skus: map[id.SKU]*article{}, serials: map[string]id.OrderLine{}}
}

// printed is the code as it stands under the bars of the tag.
func (k *article) printed() string {
	for _, c := range k.codes {
		if len(c) == 14 && c[0] == '0' {
			return c[1:]
		}
	}
	if len(k.codes) > 0 {
		return k.codes[0]
	}
	return k.Code
}
