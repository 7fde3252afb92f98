package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/killpoint"
)

// finish makes evidence of an upload whose bytes are all here. Doing it again, after a crash or beside another server, gives the same evidence.
func (o *Office) finish(ctx context.Context, u Upload) (Upload, error) {
	pieces, err := o.partsOf(ctx, u)
	if err != nil {
		return u, err
	}
	hash, kind, err := o.weigh(ctx, u, pieces)
	if err != nil {
		if fault.IsKind(err, fault.Invalid) {
			return u, o.refuse(ctx, u, err)
		}
		return u, err
	}
	there, err := o.claim(ctx, u, hash)
	if err != nil {
		return u, err
	}
	killpoint.Hit("evidence.claimed")
	if !there {
		r := &joined{ctx: ctx, store: o.store, parts: pieces}
		err := o.put(ctx, blobKey(hash), r, u.Length)
		if err := errors.Join(err, r.Close()); err != nil {
			return u, err
		}
	}
	killpoint.Hit("evidence.stored")
	if u, err = o.file(ctx, u, hash, kind); err != nil {
		return u, err
	}
	killpoint.Hit("evidence.filed")
	if err := o.clear(ctx, u.ID, pieces); err != nil {
		o.logger.WarnContext(ctx, "remove the parts of an upload", "error", err) // the sweep will
	}
	return u, nil
}

func (o *Office) partsOf(ctx context.Context, u Upload) ([]part, error) {
	var out []part
	if err := o.db.From(ctx).Where("upload_id = ?", u.ID).Order("start").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("parts of upload: %w", err)
	}
	at := int64(0)
	for _, p := range out {
		if p.Start != at {
			return nil, fmt.Errorf("upload %s has a gap at %d", u.ID, at)
		}
		at += p.Size
	}
	if at != u.Length && u.State != done {
		return nil, fmt.Errorf("upload %s has parts for %d of %d bytes", u.ID, at, u.Length)
	}
	return out, nil
}

// weigh reads the whole once: its hash, and its type by its first bytes.
func (o *Office) weigh(ctx context.Context, u Upload, pieces []part) (hash, kind string, err error) {
	r := &joined{ctx: ctx, store: o.store, parts: pieces}
	defer r.Close()
	first := make([]byte, min(head, u.Length))
	if _, err := io.ReadFull(r, first); err != nil {
		return "", "", fmt.Errorf("read upload: %w", err)
	}
	if kind, err = fits(u.Kind, first); err != nil {
		return "", "", err
	}
	sum := sha256.New()
	sum.Write(first)
	if _, err := io.Copy(sum, r); err != nil {
		return "", "", fmt.Errorf("read upload: %w", err)
	}
	hash = hex.EncodeToString(sum.Sum(nil))
	f, err := u.facts()
	if err != nil {
		return "", "", err
	}
	if f.Hash != "" && f.Hash != hash {
		return "", "", fault.New(fault.Invalid, "evidence_hash", "the file that came has another SHA-256 than was announced: it was damaged on its way; send it again").With("sha256", hash)
	}
	return hash, kind, nil
}

func (u Upload) facts() (Facts, error) {
	var f Facts
	if err := json.Unmarshal([]byte(u.Facts), &f); err != nil {
		return f, fmt.Errorf("facts of upload %s: %w", u.ID, err)
	}
	return f, nil
}

// hashName locks the fate of a file: who claims it and who dooms it hold this name.
func hashName(hash string) string { return "evidence:" + hash }

// claim says that an upload is about to refer to a file, so that nobody removes it from now on. there: it is stored already.
func (o *Office) claim(ctx context.Context, u Upload, hash string) (there bool, err error) {
	err = o.db.InTx(ctx, func(tx *gorm.DB) error {
		there = false
		if err := db.LockNames(tx, []string{hashName(hash)}); err != nil {
			return err
		}
		var b []Blob
		if err := tx.Where("hash = ?", hash).Limit(1).Find(&b).Error; err != nil {
			return err
		}
		if len(b) == 1 && b[0].State == doomed {
			return fault.New(fault.Unavailable, "evidence_busy", "the same file is being removed at this moment: try again")
		}
		there = len(b) == 1
		return tx.Model(&Upload{}).Where("id = ? AND state <> ?", u.ID, done).Updates(map[string]any{"state": storing, "hash": hash}).Error
	})
	if err != nil {
		return false, fmt.Errorf("claim file: %w", err)
	}
	return there, nil
}

// file writes the evidence: with its blob, its event and the end of its upload, in one commit.
func (o *Office) file(ctx context.Context, u Upload, hash, kind string) (Upload, error) {
	f, err := u.facts()
	if err != nil {
		return u, err
	}
	err = o.db.InTx(ctx, func(tx *gorm.DB) error {
		tx = tx.WithContext(ctx)
		now, err := locked(tx, u.ID)
		if err != nil {
			return err
		}
		u = now
		if u.State == done {
			return nil // another server, or an earlier try whose answer was lost
		}
		b := Blob{Hash: hash, Size: u.Length, Type: kind, State: stored, StoredAt: o.clock.Now()}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&b).Error; err != nil {
			return fmt.Errorf("file blob: %w", err)
		}
		e, err := o.enter(ctx, tx, f, b)
		if err != nil {
			return err
		}
		u.State, u.EvidenceID = done, &e.ID
		return tx.Model(&Upload{}).Where("id = ?", u.ID).Updates(map[string]any{"state": done, "evidence_id": e.ID, "touched_at": o.clock.Now()}).Error
	})
	if err != nil {
		return u, fmt.Errorf("file evidence: %w", err)
	}
	return u, nil
}

// enter writes the row of a piece of evidence and tells of it. The same file for the same scan is the same evidence.
func (o *Office) enter(ctx context.Context, tx *gorm.DB, f Facts, b Blob) (Evidence, error) {
	e := Evidence{Kind: f.Kind, Hash: b.Hash, Size: b.Size, Type: b.Type, WarehouseID: f.Warehouse, ParcelID: ref(f.Parcel), UnitID: ref(f.Unit), BenchID: ref(f.Bench), StationID: ref(f.Station),
		Producer: f.Producer, Seq: f.Seq, CapturedAt: f.CapturedAt, DurationMS: f.DurationMS, OffsetMS: f.OffsetMS, ByUser: ref(f.By), AddedAt: o.clock.Now()}
	if err := e.tie(tx); err != nil {
		return e, err
	}
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&e)
	if res.Error != nil {
		return e, fmt.Errorf("enter evidence: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		e = Evidence{}
		err := tx.Where("producer = ? AND seq = ? AND kind = ? AND hash = ?", f.Producer, f.Seq, f.Kind, b.Hash).Take(&e).Error
		if err == nil && e.PurgedAt != nil {
			err = fault.New(fault.Conflict, "evidence_purged", "this evidence was kept for its time and removed; it is not taken again")
		}
		return e, err
	}
	return e, o.tell(ctx, tx, e, "added")
}

// tell appends an event about evidence: ids and the hash, nothing of the content.
func (o *Office) tell(ctx context.Context, tx *gorm.DB, e Evidence, what string) error {
	data := event.Data{"evidence": e.ID, "kind": e.Kind, "hash": e.Hash}
	for name, v := range map[string]int64{"parcel": int64(val(e.ParcelID)), "unit": int64(val(e.UnitID)), "case": int64(val(e.CaseID)), "station": int64(val(e.StationID))} {
		if v != 0 {
			data[name] = v
		}
	}
	owner, err := e.owner(tx)
	if err != nil {
		return err
	}
	version := int64(1)
	if what != "added" {
		version = 2
	}
	if what == "purged" {
		version = 3
	}
	fact := event.Event{Type: "backdock.evidence." + what + ".v1", Subject: "evidence/" + e.Number(), Version: version, OwnerID: owner, WarehouseID: e.WarehouseID, ByUser: val(e.ByUser), Data: data}
	if err := o.log.Append(ctx, tx, fact); err != nil {
		return err
	}
	if e.ParcelID == nil || what == "purged" {
		return nil
	}
	return o.settleTask(tx, *e.ParcelID)
}

// clear removes the parts of an upload that is done: the files, then what says where they were.
func (o *Office) clear(ctx context.Context, upload string, pieces []part) error {
	for _, p := range pieces {
		if err := o.store.Delete(ctx, p.Key); err != nil {
			return err
		}
	}
	return o.db.InTx(ctx, func(tx *gorm.DB) error { return tx.Where("upload_id = ?", upload).Delete(&part{}).Error })
}

// joined reads parts one after the other.
type joined struct {
	ctx   context.Context
	store Store
	parts []part
	now   io.ReadCloser
	left  int64
}

func (j *joined) Read(b []byte) (int, error) {
	for j.now == nil {
		if len(j.parts) == 0 {
			return 0, io.EOF
		}
		r, err := j.store.Open(j.ctx, j.parts[0].Key)
		if err != nil {
			return 0, err
		}
		j.now, j.left, j.parts = r, j.parts[0].Size, j.parts[1:]
	}
	n, err := j.now.Read(b[:min(int64(len(b)), j.left)])
	if j.left -= int64(n); j.left == 0 {
		err = errors.Join(j.Close(), ignoreEOF(err))
	} else if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // the part is shorter than it was
	}
	return n, err
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Close lets go of the part being read.
func (j *joined) Close() error {
	if j.now == nil {
		return nil
	}
	r := j.now
	j.now = nil
	return r.Close()
}

// Of reads the evidence that an upload became; ok is false while it has not.
func (u Upload) Of() (id.Evidence, bool) { return val(u.EvidenceID), u.EvidenceID != nil }
