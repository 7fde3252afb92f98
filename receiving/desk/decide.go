package desk

import (
	"slices"
	"time"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

// maxText is the longest text that can be a code of anything; a DataMatrix holds no more.
const maxText = 3200

// decide answers one new scan. The order of the questions is the product: docs/receiving.md, "Decision order".
func (s *session) decide() (*ruling, error) {
	s.next = s.pending.carry()
	if r := s.unusable(); r != nil {
		s.next = s.pending
		return r, nil
	}
	if s.doubleRead() {
		s.next = s.pending
		return rule(scanner.CodeDoubleRead).about(s.docket), nil
	}
	if s.scan.Has(scanner.RepeatAfterRestart) && s.scan.Data == s.producer.LastData {
		s.next = s.pending
		return rule(scanner.CodeRepeatAfterRestart, "code", s.scan.Data).about(s.docket), nil
	}
	if decide, ok := s.floorBench(); ok {
		return decide()
	}
	if verb, value, ok := scanner.Control(s.scan.Data); ok {
		return s.control(verb, value)
	}
	if s.bench.Kind == receiving.DockBench {
		return s.atTheDock()
	}
	if s.bench.Kind != "receiving" {
		if n, ok := scanner.PlateNumber(s.scan.Data); ok {
			return s.showPlate(scanner.Plate(n))
		}
		return rule(scanner.CodeControlNotHere, "code", s.scan.Data), nil
	}
	reading := s.o.Codes.Read(s.scan.Data, s.scan.Symbology)
	p := match.Of(reading)
	if s.docket != nil {
		if j, ok := match.Awaited(s.docket.awaited(), p); ok {
			return s.take(p, j)
		}
	}
	if !reading.Retailed() && !p.Box {
		if r, err := s.number(reading, p); r != nil || err != nil {
			return r, err
		}
	}
	if n, ok := scanner.PlateNumber(s.scan.Data); ok {
		return s.showPlate(scanner.Plate(n))
	}
	if s.docket == nil {
		return s.nothingOpen(reading, p)
	}
	return s.another(reading, p)
}

// unusable refuses what is no reading at all.
func (s *session) unusable() *ruling {
	switch {
	case s.scan.Has(scanner.Damaged):
		return rule(scanner.CodeDamagedScan)
	case s.scan.Has(scanner.Overflow) || len(s.scan.Data) > maxText:
		return rule(scanner.CodeTooLong)
	case s.scan.Has(scanner.NotText) || s.scan.Data == "":
		return rule(scanner.CodeNotText)
	}
	return nil
}

// doubleRead decides whether the scanner read one barcode twice: the same code by the same device, nothing between, within the window of the station's
// monotonic clock. The agent's flag is a hint only. A pointed scanner that goes on reading stays one read.
func (s *session) doubleRead() bool {
	p := s.producer
	since := time.Duration(s.scan.MonoMicros-p.LastMonoUS) * time.Microsecond
	return p.LastSeq > 0 && s.scan.Data == p.LastData && s.scan.Device == p.LastDevice && since >= 0 && since < s.o.DoubleRead
}

// another is a piece in an open parcel that nobody awaits, or a number nobody knows.
func (s *session) another(reading barcode.Reading, p match.Piece) (*ruling, error) {
	owner := val(s.docket.parcel.OwnerID)
	hits, err := catalogue.Find(s.ctx, s.tx, owner, p.Codes)
	if err != nil {
		return nil, err
	}
	if w, ok := reading.Waybill(barcode.Low); ok && len(hits) == 0 && !p.PieceLike() && s.pending.Asked == 0 {
		return s.openStranger(w.Number, w.Carrier)
	}
	scope := match.Scope{Lines: s.docket.awaited(), Owner: owner, Asked: s.pending.Asked}
	if len(hits) > 0 && owner != 0 {
		if scope.Ordered, err = s.ordered(); err != nil {
			return nil, err
		}
	}
	j := match.Judge(scope, p, hits)
	if j.SKU != nil && j.Next == match.Book && !slices.Contains(scope.Ordered, j.SKU.ID) && !s.insisted(scanner.CodeBelongsElsewhere) {
		bench, err := s.awaitedElsewhere(j.SKU.ID)
		if err != nil {
			return nil, err
		}
		if bench != 0 {
			s.doubt(scanner.CodeBelongsElsewhere)
			return rule(scanner.CodeBelongsElsewhere, "bench", itoa(bench)).say(*j.SKU).about(s.docket), nil
		}
	}
	return s.take(p, j)
}

// awaitedElsewhere finds another bench of the warehouse whose open parcel awaits the product.
func (s *session) awaitedElsewhere(sku id.SKU) (bench int, err error) {
	err = s.tx.Raw(`SELECT b.number FROM benches b JOIN receipt_lines l ON l.parcel_id = b.open_parcel_id
 WHERE b.warehouse_id = ? AND b.id <> ? AND b.open_parcel_id IS NOT NULL AND l.sku_id = ? AND l.received < l.expected ORDER BY b.number LIMIT 1`,
		s.bench.WarehouseID, s.bench.ID, sku).Scan(&bench).Error
	return bench, err
}

// nothingOpen is a code that no parcel is open for: a piece has to wait for its waybill; what looks like a waybill opens a parcel of unknown owner.
func (s *session) nothingOpen(reading barcode.Reading, p match.Piece) (*ruling, error) {
	if p.PieceLike() {
		return rule(scanner.CodeScanWaybillFirst), nil
	}
	hits, err := catalogue.Find(s.ctx, s.tx, 0, p.Codes)
	if err != nil {
		return nil, err
	}
	if len(hits) > 0 {
		return rule(scanner.CodeScanWaybillFirst).say(hits[0].SKU), nil
	}
	serial, err := s.shippedSerial(p.Bare)
	if err != nil {
		return nil, err
	}
	if serial {
		return rule(scanner.CodeScanWaybillFirst), nil
	}
	if w, ok := reading.Waybill(barcode.Low); ok {
		return s.openStranger(w.Number, w.Carrier)
	}
	s.next.Waybill = s.o.Codes.Normalise(s.scan.Data)
	return rule(scanner.CodeUnknownCode, "code", s.scan.Data), nil
}

// shippedSerial reports whether the text is a serial that once went out.
func (s *session) shippedSerial(text string) (bool, error) {
	var n []int
	err := s.tx.Raw("SELECT 1 FROM line_serials WHERE serial = ? LIMIT 1", text).Scan(&n).Error
	return len(n) > 0, err
}
