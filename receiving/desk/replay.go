package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// sanitized makes a scan storable: no NUL, valid UTF-8, the time that databases keep. The raw bytes stay as they are.
func sanitized(s scanner.Scan) scanner.Scan {
	if strings.ContainsRune(s.Data, 0) && !s.Has(scanner.NotText) {
		s.Flags = append(s.Flags[:len(s.Flags):len(s.Flags)], scanner.NotText)
	}
	for _, t := range []*string{&s.Data, &s.Device, &s.Charset, &s.Symbology, &s.Plate, (*string)(&s.Source)} {
		*t = strings.ReplaceAll(strings.ToValidUTF8(*t, "\uFFFD"), "\x00", `\x00`)
	}
	s.CapturedAt = clock.Stamp(s.CapturedAt)
	return s
}

// use takes up a scan. An operator's badge opens the bench to whoever holds it, so it is kept nowhere in the clear.
func (s *session) use(scan scanner.Scan) {
	s.sum, s.badge, s.box = contentHash(scan), "", receiving.Part{}
	if verb, badge, ok := scanner.Control(scan.Data); ok && verb == scanner.Operator {
		s.badge = badge
		scan.Data, scan.Raw = scanner.ControlPrefix+scanner.Operator+":***", nil
	}
	s.scan = scan
}

// contentHash is what tells a scan that is sent again from another one under the same number. A weight is beside it: a station leaves it out towards an older
// server, and may send the same scan with it to a newer one.
func contentHash(scan scanner.Scan) string {
	raw := scan.Raw
	scan.Seq, scan.Raw, scan.WeightGrams, scan.WeightStable = 0, nil, 0, false
	b, err := json.Marshal(scan)
	if err != nil {
		panic(err) // sanitized text and numbers
	}
	h := sha256.New()
	h.Write(b)
	h.Write([]byte{0})
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil))
}

// replay answers scans that are known. conflict is set when one of them is not what was stored under its number: the station's disk was restored or cloned.
func (s *session) replay(scans []scanner.Scan) (conflict, err error) {
	rows, err := stored(s.tx, s.producer.ID, scans[0].Seq-1, len(scans))
	if err != nil {
		return nil, err
	}
	if len(rows) != len(scans) {
		return nil, fmt.Errorf("producer %s has %d outcomes of %d from %d", s.producer.ID, len(rows), len(scans), scans[0].Seq)
	}
	for i, row := range rows {
		s.use(scans[i])
		if row.ContentHash != s.sum {
			return s.conflict(row)
		}
		o, err := s.names.outcome(s.ctx, s.tx, row)
		if err != nil {
			return nil, err
		}
		s.outcomes = append(s.outcomes, o)
	}
	return nil, nil
}

// conflict keeps the other scan and raises the alarm. The transaction commits; the caller gets the fault.
func (s *session) conflict(was receiving.Outcome) (conflict, err error) {
	body, err := json.Marshal(s.scan)
	if err != nil {
		return nil, fmt.Errorf("keep conflicting scan: %w", err)
	}
	s.at = s.Desk.clock.Now()
	err = s.tx.Exec("INSERT INTO conflicts (producer, seq, body, at) VALUES (?, ?, ?, ?)", s.producer.ID, s.scan.Seq, string(body), s.at).Error
	if err != nil {
		return nil, fmt.Errorf("keep conflicting scan: %w", err)
	}
	e := s.fact("backdock.scan.conflict.v1", "scan/"+s.key(), 1, 0, event.Data{"producer": s.producer.ID, "seq": s.scan.Seq, "station": s.station})
	if err := s.log.Append(s.ctx, s.tx, e); err != nil {
		return nil, err
	}
	return fault.New(fault.Conflict, wire.ErrSeqConflict, "scan %d was stored with other content at %s: this journal was restored or cloned", s.scan.Seq,
		was.ReceivedAt.Format(time.RFC3339)), nil
}

func stored(tx *gorm.DB, producer string, after uint64, limit int) ([]receiving.Outcome, error) {
	var rows []receiving.Outcome
	if err := tx.Where("producer = ? AND seq > ?", producer, after).Order("seq").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	return rows, nil
}

// Stored returns the outcomes of a producer after a seq, in their order, for a station that comes back.
func (d *Desk) Stored(ctx context.Context, producer string, after uint64, limit int) ([]scanner.Outcome, error) {
	tx := d.db.Read.WithContext(ctx)
	rows, err := stored(tx, producer, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]scanner.Outcome, len(rows))
	for i, row := range rows {
		if out[i], err = d.names.outcome(ctx, tx, row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// outcome is a stored row as the station knows it.
func (n *directory) outcome(ctx context.Context, tx *gorm.DB, row receiving.Outcome) (scanner.Outcome, error) {
	o := scanner.Outcome{Seq: uint64(row.Seq), Verdict: scanner.Verdict(row.Verdict), Code: scanner.Code(row.Code), Tone: scanner.Tone(row.Tone), Tote: scanner.Tote(row.Tote),
		Plate: row.Plate, At: row.ReceivedAt.UTC()}
	if err := json.Unmarshal([]byte(row.Params), &o.Params); err != nil {
		return o, fmt.Errorf("params of outcome %d: %w", row.Seq, err)
	}
	if err := json.Unmarshal([]byte(row.Effects), &o.Effects); err != nil {
		return o, fmt.Errorf("effects of outcome %d: %w", row.Seq, err)
	}
	if len(o.Params) == 0 {
		o.Params = nil
	}
	if len(o.Effects) == 0 {
		o.Effects = nil
	}
	if row.ParcelID != nil {
		o.Parcel = receiving.ParcelNumber(*row.ParcelID)
	}
	var err error
	o.Clerk, err = n.clerk(ctx, tx, row.OperatorID)
	return o, err
}
