package track

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/scanner/barcode"
)

// MaxBatch is the most checkpoints of one Record.
const MaxBatch = 1000

// Keeper records checkpoints and watches over what was signed for.
type Keeper struct {
	db    *db.DB
	log   *event.Log
	clock clock.Clock
	codes *barcode.Reader
}

// New makes a keeper; codes nil takes the built-in courier rules. Hand its Trigger to the log.
func New(d *db.DB, log *event.Log, c clock.Clock, codes *barcode.Reader) *Keeper {
	if codes == nil {
		codes = barcode.NewReader(nil)
	}
	return &Keeper{db: d, log: log, clock: c, codes: codes}
}

// Recorded says what became of a batch.
type Recorded struct {
	Received int `json:"received"`
	New      int `json:"new"`    // not known before
	Signed   int `json:"signed"` // waybills that are signed for since this batch
}

type row struct {
	Carrier, Waybill, Code string
	At                     time.Time
	Place, Source          string
	ReceivedAt             time.Time
}

func (row) TableName() string { return "checkpoints" }

type track struct {
	Waybill  string `gorm:"primaryKey"`
	Carrier  string `gorm:"primaryKey"`
	Code     string
	At       time.Time
	SignedAt *time.Time
	Version  int64
}

func (track) TableName() string { return "waybill_tracks" }

// Record takes checkpoints in any order and any number of times: all or none of a batch. source says who told.
func (k *Keeper) Record(ctx context.Context, source string, list []Checkpoint) (Recorded, error) {
	clean, err := k.clean(list)
	if err != nil {
		return Recorded{}, err
	}
	var out Recorded
	err = k.db.InTx(ctx, func(tx *gorm.DB) error {
		out = Recorded{Received: len(list)}
		tx = tx.WithContext(ctx)
		var names []string
		for _, c := range clean {
			names = append(names, lockName(c.Waybill))
		}
		if err := db.LockNames(tx, names); err != nil {
			return err
		}
		// One waybill after the other, in their order: each is settled as a whole.
		for len(clean) > 0 {
			n := slices.IndexFunc(clean, func(c Checkpoint) bool { return c.Waybill != clean[0].Waybill || c.Carrier != clean[0].Carrier })
			if n < 0 {
				n = len(clean)
			}
			if err := k.settle(ctx, tx, source, clean[:n], &out); err != nil {
				return err
			}
			clean = clean[n:]
		}
		return nil
	})
	return out, err
}

// lockName is the name that the desk locks before it opens or docks a parcel under a waybill.
func lockName(waybill string) string { return "waybill:" + waybill }

// clean checks and normalises, and sorts by waybill.
func (k *Keeper) clean(list []Checkpoint) ([]Checkpoint, error) {
	if len(list) == 0 || len(list) > MaxBatch {
		return nil, fault.New(fault.Invalid, "checkpoints_count", "a batch has 1 to %d checkpoints, not %d", MaxBatch, len(list))
	}
	out := make([]Checkpoint, len(list))
	for i, c := range list {
		c.Carrier, c.Waybill, c.Parent = strings.ToLower(strings.TrimSpace(c.Carrier)), k.codes.Normalise(c.Waybill), k.codes.Normalise(c.Parent)
		why := ""
		switch {
		case c.Waybill == "" || len(c.Waybill) > 64 || len(c.Parent) > 64:
			why = "waybill"
		case c.Carrier != "" && !k.codes.Carrier(c.Carrier):
			why = "carrier"
		case !slices.Contains(order, c.Code):
			why = "code"
		case c.At.IsZero() || c.At.After(k.clock.Now().Add(24*time.Hour)):
			why = "at"
		case c.Parent == c.Waybill:
			c.Parent = ""
		}
		if why != "" {
			return nil, fault.New(fault.Invalid, "checkpoint_invalid", "checkpoint %d: its %s is not usable", i+1, why).With("row", fmt.Sprint(i+1)).With("field", why)
		}
		c.At = clock.Stamp(c.At)
		out[i] = c
	}
	slices.SortStableFunc(out, func(a, b Checkpoint) int {
		return strings.Compare(a.Waybill+"\x00"+a.Carrier, b.Waybill+"\x00"+b.Carrier)
	})
	return out, nil
}

// settle adds the checkpoints of one waybill and says anew what all of them mean.
func (k *Keeper) settle(ctx context.Context, tx *gorm.DB, source string, list []Checkpoint, out *Recorded) error {
	waybill, carrier, now := list[0].Waybill, list[0].Carrier, k.clock.Now()
	rows := make([]row, len(list))
	for i, c := range list {
		rows[i] = row{carrier, waybill, c.Code, c.At, c.Place, source, now}
		if c.Parent != "" {
			// Of several parents that were told the first by name counts: so the order in which they came does not.
			err := tx.Exec(`INSERT INTO waybill_parents (child, parent, carrier, source) VALUES (?, ?, ?, ?)
 ON CONFLICT (child) DO UPDATE SET parent = CASE WHEN excluded.parent < waybill_parents.parent THEN excluded.parent ELSE waybill_parents.parent END`, waybill, c.Parent, carrier, source).Error
			if err != nil {
				return fmt.Errorf("parent of %s: %w", waybill, err)
			}
		}
	}
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows)
	if res.Error != nil {
		return fmt.Errorf("record checkpoints of %s: %w", waybill, res.Error)
	}
	if out.New += int(res.RowsAffected); res.RowsAffected == 0 {
		return nil
	}
	var all []Checkpoint
	if err := tx.Raw("SELECT carrier, waybill, code, at FROM checkpoints WHERE waybill = ? AND carrier = ?", waybill, carrier).Scan(&all).Error; err != nil {
		return fmt.Errorf("checkpoints of %s: %w", waybill, err)
	}
	return k.mean(ctx, tx, waybill, carrier, Of(all), out)
}

// mean writes what the checkpoints mean, and tells when the signing came or went.
func (k *Keeper) mean(ctx context.Context, tx *gorm.DB, waybill, carrier string, s State, out *Recorded) error {
	var was track
	if err := tx.Where("waybill = ? AND carrier = ?", waybill, carrier).Limit(1).Find(&was).Error; err != nil {
		return fmt.Errorf("track of %s: %w", waybill, err)
	}
	now := track{waybill, carrier, s.Code, s.At, s.SignedAt, was.Version + 1}
	if err := tx.Save(&now).Error; err != nil {
		return fmt.Errorf("save track of %s: %w", waybill, err)
	}
	signed, before := s.SignedAt != nil, was.SignedAt != nil
	if signed == before {
		return nil
	}
	kind := "backdock.waybill.unsigned.v1"
	data := event.Data{"waybill": waybill, "carrier": carrier}
	if signed {
		out.Signed++
		kind = "backdock.waybill.signed.v1"
		data["signed_at"] = *s.SignedAt
	} else if err := k.resolve(ctx, tx, "withdrawn", "waybill = ? AND carrier = ?", waybill, carrier); err != nil {
		return err
	}
	var whose []struct {
		OwnerID     id.Owner
		WarehouseID *id.Warehouse
	}
	err := tx.Raw(`SELECT c.owner_id, c.warehouse_id FROM waybill_aliases a JOIN cases c ON c.id = a.case_id WHERE a.number = ? AND a.role = 'return' AND a.valid_to IS NULL ORDER BY c.id LIMIT 1`, waybill).Scan(&whose).Error
	if err != nil || len(whose) == 0 {
		return err // a number that concerns nobody here is kept, not told
	}
	e := event.Event{Type: kind, Subject: subject(waybill, carrier), Version: now.Version, OwnerID: whose[0].OwnerID, Data: data}
	if whose[0].WarehouseID != nil {
		e.WarehouseID = *whose[0].WarehouseID
	}
	return k.log.Append(ctx, tx, e)
}

func subject(waybill, carrier string) string {
	if carrier == "" {
		return "waybill/" + waybill
	}
	return "waybill/" + carrier + ":" + waybill
}
