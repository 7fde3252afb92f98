package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
)

// session is the unit of work of one batch: what was locked and read, what the scans changed, what the flush has to write.
type session struct {
	d        *Desk
	ctx      context.Context
	tx       *gorm.DB
	now      time.Time
	offsetMS int64
	mode     mode

	producer receiving.Producer
	bench    receiving.Bench
	site     site
	clerk    string
	pending  pending
	parcel   *opened
	stored   []scanner.Outcome // answers that were there already
	fresh    []scanner.Scan    // scans to judge

	done    []*answer // judged in this batch
	written int       // of done, already inserted
	judging *answer   // under way, the last of done
	units   []*booking
	moves   []inventory.Movement
	events  []func() event.Event
	plates  []int64 // taken from the counter, not yet given out
}

// booking is a unit to insert; its line may itself be new.
type booking struct {
	unit inventory.Unit
	line *line
	ans  *answer
	from inventory.Account
}

// answer is an outcome under way.
type answer struct {
	scan scanner.Scan
	out  scanner.Outcome
	unit *booking // booked by this scan
	of   id.Unit  // unit it is about
	in   *opened  // parcel it belongs to
}

// pending is what the next scan may settle; it is kept on the bench.
type pending struct {
	Over    string           `json:"over,omitempty"` // code of the piece that waits for +1
	OverSKU id.SKU           `json:"over_sku,omitempty"`
	Serial  string           `json:"serial,omitempty"`
	Insist  string           `json:"insist,omitempty"`  // scanning this number again means it
	Why     scanner.Code     `json:"why,omitempty"`     // what Insist insists against
	Choices []scanner.Choice `json:"choices,omitempty"` // of CHOOSE:n
	Targets []target         `json:"targets,omitempty"`
	Number  string           `json:"number,omitempty"` // the number that Choices are about
}

// site is what a desk needs to know of a warehouse.
type site struct {
	place.Warehouse
	loc *time.Location
}

// seqConflict is a known (producer, seq) with other content.
type seqConflict struct {
	producer string
	scan     scanner.Scan
	bench    receiving.Bench
}

func (e *seqConflict) Error() string { return "seq_conflict" }

// load locks the producer first: that fences every other server that holds a socket of this station.
func (s *session) load(station id.Station, producer string, scans []scanner.Scan) error {
	res := db.Lock(s.tx).Where("id = ?", producer).Limit(1).Find(&s.producer)
	if res.Error != nil {
		return fmt.Errorf("lock producer: %w", res.Error)
	}
	if res.RowsAffected == 0 || s.producer.StationID != station {
		return fault.New(fault.Denied, "producer_unknown", "this journal has not said hello")
	}
	first, last := int64(scans[0].Seq), s.producer.LastSeq
	if first > last+1 {
		return fault.New(fault.Conflict, "seq_gap", "the next scan of this journal is %d, not %d", last+1, first)
	}
	known := min(int64(len(scans)), last+1-first)
	if err := s.replay(scans[:known]); err != nil {
		return err
	}
	s.fresh = scans[known:]
	if res := db.Lock(s.tx).Where("id = ?", s.producer.BenchID).Limit(1).Find(&s.bench); res.Error != nil || res.RowsAffected == 0 {
		return fmt.Errorf("lock bench %d: %w", s.producer.BenchID, res.Error)
	}
	var err error
	if s.site, err = s.d.siteOf(s.tx, s.bench.WarehouseID); err != nil {
		return err
	}
	if err := s.readPending(); err != nil {
		return err
	}
	if s.bench.OperatorID != nil {
		if s.clerk, err = s.d.clerkName(s.tx, *s.bench.OperatorID); err != nil {
			return err
		}
	}
	if s.bench.OpenParcelID != nil {
		if s.parcel, err = s.lockParcel(*s.bench.OpenParcelID); err != nil {
			return err
		}
	}
	if day := s.now.In(s.site.loc).Format(time.DateOnly); day != s.bench.Day {
		s.bench.Day, s.bench.DayParcels, s.bench.DayPieces = day, 0, 0
	}
	return nil
}

// replay reads the stored answers of scans that were judged before; their content must be the same.
func (s *session) replay(scans []scanner.Scan) error {
	if len(scans) == 0 {
		return nil
	}
	var rows []receiving.Outcome
	err := s.tx.Where("producer = ? AND seq BETWEEN ? AND ?", s.producer.ID, scans[0].Seq, scans[len(scans)-1].Seq).Order("seq").Find(&rows).Error
	if err != nil {
		return fmt.Errorf("read stored outcomes: %w", err)
	}
	if len(rows) != len(scans) {
		return fmt.Errorf("producer %s: %d outcomes stored for %d scans", s.producer.ID, len(rows), len(scans))
	}
	for i, r := range rows {
		if r.ContentHash != contentHash(scans[i]) {
			return &seqConflict{producer: s.producer.ID, scan: scans[i], bench: receiving.Bench{ID: r.BenchID, WarehouseID: r.WarehouseID}}
		}
		out, err := outcome(r)
		if err != nil {
			return err
		}
		s.stored = append(s.stored, out)
	}
	return nil
}

// contentHash covers what a scan says, not how it was sent.
func contentHash(sc scanner.Scan) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q %d ", sc.Device, sc.Source, sc.Data, sc.Symbology, sc.CapturedAt.UnixMicro())
	h.Write(sc.Raw)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// keepConflict stores a scan whose key is taken, so that it is not lost, and raises the alarm.
func (d *Desk) keepConflict(ctx context.Context, c *seqConflict) error {
	body, err := json.Marshal(c.scan)
	if err != nil {
		return fmt.Errorf("keep conflicting scan: %w", err)
	}
	err = d.db.InTx(ctx, func(tx *gorm.DB) error {
		row := map[string]any{"producer": c.producer, "seq": c.scan.Seq, "body": string(body), "at": d.clock.Now()}
		if err := tx.Table("conflicts").Create(row).Error; err != nil {
			return fmt.Errorf("keep conflicting scan: %w", err)
		}
		return d.log.Append(ctx, tx, event.Event{Type: "backdock.scan.conflict.v1", Subject: fmt.Sprintf("scan/%s:%d", c.producer, c.scan.Seq), Version: 1,
			WarehouseID: c.bench.WarehouseID, Data: event.Data{"producer": c.producer, "seq": c.scan.Seq, "bench": c.bench.ID}})
	})
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "seq_conflict", "scan %d of this journal was received before with other content: the disk was restored or copied", c.scan.Seq)
}

func (s *session) answers() []scanner.Outcome {
	out := s.stored
	for _, a := range s.done {
		out = append(out, a.out)
	}
	return out
}

func (d *Desk) siteOf(tx *gorm.DB, w id.Warehouse) (site, error) {
	if v, ok := d.sites.Load(w); ok {
		return v.(site), nil
	}
	var out site
	if res := tx.Where("id = ?", w).Limit(1).Find(&out.Warehouse); res.Error != nil || res.RowsAffected == 0 {
		return out, fmt.Errorf("warehouse %d: %w", w, res.Error)
	}
	var err error
	if out.loc, err = time.LoadLocation(out.TimeZone); err != nil {
		return out, fmt.Errorf("warehouse %s: %w", out.Code, err)
	}
	d.sites.Store(w, out)
	return out, nil
}

func (d *Desk) clerkName(tx *gorm.DB, u id.User) (string, error) {
	var name string
	if err := tx.Table("users").Select("display").Where("id = ?", u).Limit(1).Scan(&name).Error; err != nil {
		return "", fmt.Errorf("operator %d: %w", u, err)
	}
	return name, nil
}

func (s *session) readPending() error {
	if err := json.Unmarshal([]byte(s.bench.Pending), &s.pending); err != nil {
		return fmt.Errorf("bench %d: pending: %w", s.bench.ID, err)
	}
	return nil
}
