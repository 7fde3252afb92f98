package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// session is one transaction of the desk: what it has locked and read, and what it will write.
type session struct {
	*Desk
	ctx context.Context
	tx  *gorm.DB

	station  id.Station
	producer receiving.Producer
	bench    receiving.Bench
	site     *site
	clerk    string
	pending  pending
	docket   *docket // the open parcel, nil when none
	handing  handing // of a dock bench
	spare    []int64 // plates for scans that bring none
	careful  bool    // ask whether a plate is used before the database refuses it
	badges   map[string]clerk

	// Of the scan being decided.
	scan   scanner.Scan
	sum    string         // content hash of the scan as it was sent
	badge  string         // of an operator, taken out of the scan
	box    receiving.Part // which box of a consignment its label names
	at     time.Time
	offset int64
	next   pending // what it leaves behind

	held    held           // what is locked so far
	ahead   []scanner.Scan // the rest of the batch, for look-ups of several at once
	serials *serialBook

	out      out
	outcomes []scanner.Outcome
}

// bound is what the first statement reads and locks.
type bound struct {
	Producer receiving.Producer `gorm:"embedded;embeddedPrefix:p_"`
	Bench    receiving.Bench    `gorm:"embedded;embeddedPrefix:b_"`
}

const boundSQL = `SELECT p.id AS p_id, p.station_id AS p_station_id, p.bench_id AS p_bench_id, p.last_seq AS p_last_seq, p.last_data AS p_last_data,
 p.last_device AS p_last_device, p.last_mono_us AS p_last_mono_us, p.created_at AS p_created_at,
 b.id AS b_id, b.warehouse_id AS b_warehouse_id, b.number AS b_number, b.name AS b_name, b.kind AS b_kind, b.operator_id AS b_operator_id,
 b.open_parcel_id AS b_open_parcel_id, b.pending AS b_pending, b.day AS b_day, b.day_parcels AS b_day_parcels, b.day_pieces AS b_day_pieces,
 b.last_scan_at AS b_last_scan_at, b.version AS b_version, b.plates AS b_plates
 FROM producers p JOIN benches b ON b.id = p.bench_id WHERE p.id = ?`

// begin locks the producer, then its bench, then what is foreseen, and takes the docket out of the cabinet or reads it. Holding the producer's row fences every
// other server that still believes it serves this station; holding the bench's row makes the open parcel ours.
func (d *Desk) begin(ctx context.Context, tx *gorm.DB, station id.Station, producer string, foreseen []need) (*session, error) {
	if err := lockBenches(tx, producer, foreseen); err != nil {
		return nil, err
	}
	q := boundSQL
	if db.IsPostgres(tx) {
		q += " FOR NO KEY UPDATE OF p, b"
	}
	var rows []bound
	if err := tx.Raw(q, producer).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("lock producer: %w", err)
	}
	if len(rows) == 0 {
		return nil, fault.New(fault.NotFound, "producer_unknown", "the producer has not said hello")
	}
	if rows[0].Producer.StationID != station {
		return nil, fault.New(fault.Denied, wire.ErrProducer, "the producer belongs to another station")
	}
	s := &session{Desk: d, ctx: ctx, tx: tx, station: station, producer: rows[0].Producer, bench: rows[0].Bench}
	s.out.deltas = inventory.Deltas{}
	if err := s.foresee(foreseen); err != nil {
		return nil, err
	}
	return s, s.open()
}

// open reads what belongs to the bench.
func (s *session) open() error {
	var err error
	s.names.expire(s.Desk.clock.Now())
	if s.site, err = s.names.warehouse(s.ctx, s.tx, s.bench.WarehouseID); err != nil {
		return err
	}
	if s.clerk, err = s.names.clerk(s.ctx, s.tx, s.bench.OperatorID); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(s.bench.Pending), &s.pending); err != nil {
		return fmt.Errorf("pending of bench %d: %w", s.bench.ID, err)
	}
	s.serials = &serialBook{}
	file, ok := s.files.take(s.bench.ID, s.bench.Version)
	if ok {
		s.docket = file
		return nil
	}
	if s.bench.OpenParcelID == nil {
		return nil
	}
	if s.docket, err = loadDocket(s.ctx, s.tx, *s.bench.OpenParcelID); err != nil {
		return err
	}
	s.out.touch(s.docket)
	return nil
}

// tick gives the next scan its time. Times rise within a bench whatever the clock does, so that "the latest" has one meaning.
func (s *session) tick() {
	s.at = s.Desk.clock.Now()
	if last := s.bench.LastScanAt; last != nil && !s.at.After(*last) {
		s.at = last.UTC().Add(time.Microsecond)
	}
	at := s.at
	s.bench.LastScanAt = &at
	s.bench.Version++
	if day := s.at.In(s.site.zone).Format(time.DateOnly); day != s.bench.Day {
		s.bench.Day, s.bench.DayParcels, s.bench.DayPieces = day, 0, 0
	}
}

// key names the scan being decided, in causes and conflicts.
func (s *session) key() string { return fmt.Sprintf("%s:%d", s.producer.ID, s.scan.Seq) }

func (s *session) operator() id.User { return val(s.bench.OperatorID) }

// tell keeps an event until the flush, when every id is known.
func (s *session) tell(make func() event.Event) { s.out.events = append(s.out.events, make) }

// fact makes an event of this bench.
func (s *session) fact(kind, subject string, version int64, owner id.Owner, data event.Data) event.Event {
	data["bench"] = s.bench.ID
	if s.bench.Version != 0 { // the stations of the bench need no new view for what their own answers have shown them
		data["bench_version"] = s.bench.Version
	}
	return event.Event{Type: kind, Subject: subject, Version: version, OwnerID: owner, WarehouseID: s.bench.WarehouseID, ByUser: s.operator(), At: s.at, Data: data}
}
