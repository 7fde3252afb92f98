package evidence

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/killpoint"
)

// errUpload hides the uploads of others: to everybody but who began it an upload does not exist.
var errUpload = fault.New(fault.NotFound, "upload_not_found", "there is no such upload: it was ended, or is too old; begin it again")

// Begin opens an upload of length bytes for a principal ("user/1", "station/1"). The facts are checked against the database when it is complete.
func (o *Office) Begin(ctx context.Context, principal string, f Facts, length int64, metadata string) (Upload, error) {
	if !knownKind(f.Kind) {
		return Upload{}, fault.New(fault.Invalid, "evidence_kind", "evidence is one of %v", Kinds)
	}
	if most := o.limits.most(f.Kind); length < 1 || length > most {
		return Upload{}, fault.New(fault.TooLarge, "evidence_too_large", "a %s has 1 to %d bytes here", f.Kind, most).With("most", strconv.FormatInt(most, 10))
	}
	if f.Hash != "" {
		if b, err := hex.DecodeString(f.Hash); err != nil || len(b) != 32 {
			return Upload{}, fault.New(fault.Invalid, "upload_metadata", "sha256 is the SHA-256 of the file, 64 hexadecimal digits").With("field", "sha256")
		}
	}
	raw, err := json.Marshal(f)
	if err != nil {
		return Upload{}, fmt.Errorf("facts of upload: %w", err)
	}
	now := o.clock.Now()
	u := Upload{ID: id.Hex(16), Principal: principal, Kind: f.Kind, Length: length, Metadata: metadata, Facts: string(raw), State: open, CreatedAt: now, TouchedAt: now}
	err = o.db.InTx(ctx, func(tx *gorm.DB) error {
		if err := f.foreign(tx); err != nil {
			return err
		}
		var n int64
		if err := tx.Model(&Upload{}).Where("principal = ? AND state <> ?", principal, done).Count(&n).Error; err != nil {
			return err
		}
		if n >= int64(o.limits.Uploads) {
			return fault.New(fault.Limited, "uploads_open", "%d uploads are under way already: finish or end some of them", n)
		}
		return tx.Create(&u).Error
	})
	if err != nil {
		return Upload{}, fmt.Errorf("begin upload: %w", err)
	}
	return u, nil
}

// foreign refuses evidence for another station's scans, or another warehouse's. A producer that is not known yet says hello later; tieScan asks again.
func (f Facts) foreign(tx *gorm.DB) error {
	if f.Producer == "" {
		return nil
	}
	var of []struct {
		StationID   id.Station
		WarehouseID id.Warehouse
	}
	err := tx.Raw("SELECT p.station_id, b.warehouse_id FROM producers p JOIN benches b ON b.id = p.bench_id WHERE p.id = ?", f.Producer).Scan(&of).Error
	if err != nil {
		return err
	}
	if len(of) > 0 && (of[0].WarehouseID != f.Warehouse || f.Station != 0 && of[0].StationID != f.Station) {
		return fault.New(fault.Denied, "upload_foreign", "the scan that this is said to show was made at another station")
	}
	return nil
}

// Find reads an upload of a principal. One whose bytes are all here and whose answer was lost, with the process or on the way, is brought to its end.
func (o *Office) Find(ctx context.Context, principal, uploadID string) (Upload, error) {
	u, err := o.find(ctx, principal, uploadID)
	if err != nil || u.State == done || !u.Complete() {
		return u, err
	}
	return o.finish(ctx, u)
}

func (o *Office) find(ctx context.Context, principal, uploadID string) (Upload, error) {
	var u Upload
	res := o.db.From(ctx).Where("id = ? AND principal = ?", uploadID, principal).Limit(1).Find(&u)
	if res.Error != nil {
		return u, fmt.Errorf("read upload: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return u, errUpload
	}
	return u, nil
}

// Append takes the next part of an upload; the last one makes it evidence. A part at another offset than the one that is due is fault.Conflict upload_offset: ask
// where to go on. A file that cannot be taken ends its upload.
func (o *Office) Append(ctx context.Context, principal, uploadID string, offset int64, b []byte) (Upload, error) {
	u, err := o.find(ctx, principal, uploadID)
	if err != nil {
		return u, err
	}
	if err := u.awaits(offset, int64(len(b))); err != nil {
		return u, err
	}
	if offset == 0 && len(b) > 0 && (len(b) >= head || u.Length == int64(len(b))) {
		// Early: nobody sends a gigabyte to hear then that it is no video.
		if _, err := fits(u.Kind, b); err != nil {
			return u, o.refuse(ctx, u, err)
		}
	}
	if len(b) > 0 {
		if u, err = o.keep(ctx, u, offset, b); err != nil {
			return u, err
		}
	}
	if !u.Complete() || u.State == done {
		return u, nil
	}
	return o.finish(ctx, u)
}

// awaits checks that a part is the next one.
func (u Upload) awaits(offset, size int64) error {
	if offset != u.Received {
		return fault.New(fault.Conflict, "upload_offset", "the next part begins at %d, not at %d", u.Received, offset).With("offset", strconv.FormatInt(u.Received, 10))
	}
	if offset+size > u.Length {
		return fault.New(fault.TooLarge, "evidence_too_large", "the part goes beyond the announced %d bytes", u.Length).With("most", strconv.FormatInt(u.Length, 10))
	}
	return nil
}

// keep stores one part and commits that it is there. Of two servers that got the same part one wins; the file of the other is swept.
func (o *Office) keep(ctx context.Context, u Upload, offset int64, b []byte) (Upload, error) {
	p := part{UploadID: u.ID, Start: offset, Size: int64(len(b)), Key: parts + "/" + id.Hex(16)}
	if err := o.put(ctx, p.Key, bytes.NewReader(b), p.Size); err != nil {
		return u, err
	}
	killpoint.Hit("evidence.part.stored")
	err := o.db.InTx(ctx, func(tx *gorm.DB) error {
		now, err := locked(tx, u.ID)
		if err != nil {
			return err
		}
		if err := now.awaits(offset, p.Size); err != nil {
			return err
		}
		if err := tx.Create(&p).Error; err != nil {
			return err
		}
		now.Received, now.TouchedAt = offset+p.Size, o.clock.Now()
		if err := tx.Model(&Upload{}).Where("id = ?", u.ID).Updates(map[string]any{"received": now.Received, "touched_at": now.TouchedAt}).Error; err != nil {
			return err
		}
		u = now
		return nil
	})
	if err != nil {
		return u, fmt.Errorf("part of upload: %w", err)
	}
	killpoint.Hit("evidence.part.committed")
	return u, nil
}

// locked reads an upload and holds its row.
func locked(tx *gorm.DB, uploadID string) (Upload, error) {
	var u Upload
	res := db.Lock(tx).Where("id = ?", uploadID).Limit(1).Find(&u)
	if res.Error != nil {
		return u, fmt.Errorf("lock upload: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return u, errUpload
	}
	return u, nil
}

// Abort ends an upload and removes what came of it. One that has become evidence stays evidence.
func (o *Office) Abort(ctx context.Context, principal, uploadID string) error {
	u, err := o.find(ctx, principal, uploadID)
	if err != nil {
		return err
	}
	return o.drop(ctx, u)
}

// refuse ends an upload that cannot become evidence, and gives back why.
func (o *Office) refuse(ctx context.Context, u Upload, why error) error {
	if err := o.drop(ctx, u); err != nil {
		o.logger.WarnContext(ctx, "end a refused upload", "error", err)
	}
	return why
}

// drop removes an upload: its row first, so that nothing finishes it, then its files. Those that a crash leaves are swept.
func (o *Office) drop(ctx context.Context, u Upload) error {
	var keys []string
	err := o.db.InTx(ctx, func(tx *gorm.DB) error {
		keys = nil
		if _, err := locked(tx, u.ID); err != nil {
			if fault.Code(err) == "upload_not_found" {
				return nil
			}
			return err
		}
		if err := tx.Model(&part{}).Where("upload_id = ?", u.ID).Pluck("key", &keys).Error; err != nil {
			return err
		}
		if err := tx.Where("upload_id = ?", u.ID).Delete(&part{}).Error; err != nil {
			return err
		}
		return tx.Where("id = ?", u.ID).Delete(&Upload{}).Error
	})
	if err != nil {
		return fmt.Errorf("end upload: %w", err)
	}
	for _, key := range keys {
		if err := o.store.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
