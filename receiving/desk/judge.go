package desk

import (
	"strings"
	"time"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

// DoubleRead is the window in which the same code of the same device counts as one pull of the trigger.
const DoubleRead = 600 * time.Millisecond

// take judges one scan and moves the producer on.
func (s *session) take(sc scanner.Scan) error {
	a := &answer{scan: sc, in: s.parcel, out: scanner.Outcome{Seq: sc.Seq, At: s.now}}
	s.done, s.judging = append(s.done, a), a
	switch {
	case s.mode.park != "":
		a.say(scanner.CodeParked, "reason", s.mode.park)
		s.parked(a)
	case sc.Has(scanner.Damaged):
		a.say(scanner.CodeDamagedScan)
	case sc.Has(scanner.NotText) || strings.ContainsRune(sc.Data, 0):
		a.say(scanner.CodeNotText)
	case sc.Has(scanner.Overflow):
		a.say(scanner.CodeTooLong)
	case s.doubled(sc):
		a.say(scanner.CodeDoubleRead)
	case sc.Has(scanner.RepeatAfterRestart):
		a.say(scanner.CodeRepeatAfterRestart, "code", sc.Data)
	default:
		if err := s.judge(a); err != nil {
			return err
		}
	}
	a.out.Clerk = s.clerk
	if a.in != nil {
		a.out.Parcel = a.in.number()
	}
	s.producer.LastSeq = int64(sc.Seq)
	s.producer.LastData, s.producer.LastDevice, s.producer.LastMonoUS = sc.Data, sc.Device, sc.MonoMicros
	s.bench.LastScanAt = &s.now
	s.judging = nil
	return nil
}

// doubled decides by the station's monotonic capture times; the agent's flag alone does not count, nor does its absence.
func (s *session) doubled(sc scanner.Scan) bool {
	if sc.Data == "" || sc.Source != scanner.FromDevice || sc.Data != s.producer.LastData || sc.Device != s.producer.LastDevice {
		return false
	}
	gap := sc.MonoMicros - s.producer.LastMonoUS
	// An agent that was started again counts from zero: no window then.
	return gap >= 0 && gap < DoubleRead.Microseconds()
}

func (s *session) parked(a *answer) {
	p, seq, reason := s.producer.ID, a.scan.Seq, s.mode.park
	s.events = append(s.events, func() event.Event {
		return event.Event{Type: "backdock.scan.parked.v1", Subject: "scan/" + p + ":" + itoa(int64(seq)), Version: 1, WarehouseID: s.site.ID,
			Data: event.Data{"producer": p, "seq": seq, "bench": s.bench.ID, "reason": reason}}
	})
}

// judge asks, in this order, whether a scan is a control, a piece the open parcel awaits, a number that names a parcel, a plate, another piece, or nothing.
func (s *session) judge(a *answer) error {
	if verb, value, ok := scanner.Control(a.scan.Data); ok {
		return s.control(a, verb, value)
	}
	data := strings.TrimSpace(a.scan.Data)
	r := barcode.Read(data, a.scan.Symbology)
	if s.parcel != nil {
		if p, ok := s.awaited(r, data); ok {
			return s.match(a, p)
		}
	}
	if n, ok := scanner.PlateNumber(data); ok {
		return s.plate(a, scanner.Plate(n))
	}
	if !r.Retailed() {
		done, err := s.named(a, data)
		if done || err != nil {
			return err
		}
	}
	if s.parcel != nil {
		return s.other(a, r, data)
	}
	return s.stray(a, r, data)
}

// stray answers to a code with nothing open that names no parcel: a piece waits for its waybill, a waybill of nobody opens a parcel of unknown owner.
func (s *session) stray(a *answer, r barcode.Reading, data string) error {
	piece := r.GTIN != "" || r.IMEI != "" || r.Serial != ""
	if !piece {
		known, err := s.lookUp(r, data)
		if err != nil {
			return err
		}
		piece = known != nil
	}
	if w, ok := r.Waybill(barcode.Medium); ok && !r.Retailed() && (!piece || w.Confidence >= barcode.High) {
		return s.openUnknown(a, w.Number, w.Carrier)
	}
	if piece {
		a.say(scanner.CodeScanWaybillFirst)
		return nil
	}
	a.say(scanner.CodeUnknownCode, "code", short(data, 60))
	return nil
}
