package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/blob"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// columns: a photo of a piece belongs to the owner of the piece, anything else to the owner of the parcel as it is now. What nobody owns yet is seen by who may see
// every owner's goods.
var columns = auth.Columns{Warehouse: "e.warehouse_id = ?", Owner: "COALESCE(u.owner_id, p.owner_id) = ?",
	Shop: "EXISTS (SELECT 1 FROM receipts r JOIN cases c ON c.id = r.case_id WHERE r.parcel_id = e.parcel_id AND c.shop_id = ?)"}

// Shown is a piece of evidence with the names that people know.
type Shown struct {
	Evidence
	Plate string // of the piece; empty: of the parcel as a whole
	Bench string
	By    string
}

const from = `SELECT e.*, COALESCE(u.plate, '') AS plate, COALESCE(b.name, '') AS bench, COALESCE(w.display, '') AS "by" FROM evidence e LEFT JOIN parcels p ON p.id = e.parcel_id
	LEFT JOIN units u ON u.id = e.unit_id LEFT JOIN benches b ON b.id = e.bench_id LEFT JOIN users w ON w.id = e.by_user WHERE `

var errNotFound = fault.New(fault.NotFound, "evidence_not_found", "there is no such evidence")

// Within reads one piece of evidence inside a scope.
func (o *Office) Within(ctx context.Context, s auth.Scope, number string) (Shown, error) {
	n, ok := ParseNumber(number)
	if !ok {
		return Shown{}, errNotFound
	}
	within, args := s.SQL(columns)
	found, err := o.read(ctx, "e.id = ? AND "+within, append([]any{n}, args...)...)
	if err == nil && len(found) == 0 {
		err = errNotFound
	}
	if err != nil {
		return Shown{}, err
	}
	return found[0], nil
}

// OfParcel lists what there is of a parcel, oldest first.
func (o *Office) OfParcel(ctx context.Context, s auth.Scope, p id.Parcel) ([]Shown, error) {
	within, args := s.SQL(columns)
	return o.read(ctx, "e.parcel_id = ? AND "+within, append([]any{p}, args...)...)
}

// OfUnit lists what there is of a piece: what was taken of it, and of its parcel as a whole.
func (o *Office) OfUnit(ctx context.Context, s auth.Scope, plate string) ([]Shown, error) {
	within, args := s.SQL(columns)
	plate = strings.ToUpper(plate)
	return o.read(ctx, `(u.plate = ? OR e.unit_id IS NULL AND e.parcel_id = (SELECT parcel_id FROM units WHERE plate = ?)) AND `+within, append([]any{plate, plate}, args...)...)
}

func (o *Office) read(ctx context.Context, where string, args ...any) ([]Shown, error) {
	var out []Shown
	if err := o.db.From(ctx).Raw(from+where+" ORDER BY e.captured_at, e.id LIMIT 500", args...).Scan(&out).Error; err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	for i := range out {
		out[i].CapturedAt, out[i].AddedAt = out[i].CapturedAt.UTC(), out[i].AddedAt.UTC()
	}
	return out, nil
}

// present reports whether the file is still kept.
func (e Evidence) present() error {
	if e.PurgedAt != nil {
		return fault.New(fault.NotFound, "evidence_purged", "this evidence was kept for its time and removed").With("at", e.PurgedAt.UTC().Format("2006-01-02"))
	}
	return nil
}

// Open opens the file of a piece of evidence.
func (o *Office) Open(ctx context.Context, e Evidence) (io.ReadSeekCloser, error) {
	if err := e.present(); err != nil {
		return nil, err
	}
	return o.open(ctx, e)
}

func (o *Office) open(ctx context.Context, e Evidence) (io.ReadSeekCloser, error) {
	r, err := o.store.Open(ctx, blobKey(e.Hash))
	if errors.Is(err, blob.ErrNotFound) {
		return nil, fmt.Errorf("file of %s is gone: %w", e.Number(), err)
	}
	return r, err
}

// extensions name files for who saves them.
var extensions = map[string]string{"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "video/webm": ".webm", "video/mp4": ".mp4"}

// FileName is what the file is called when it is saved.
func (e Evidence) FileName() string {
	return e.Number() + "-" + e.Kind + extensions[e.Type]
}

// Piece is where a piece is, for who wants to add evidence of it.
func (o *Office) Piece(ctx context.Context, plate string) (unit id.Unit, parcel id.Parcel, err error) {
	var rows []struct {
		ID       id.Unit
		ParcelID *id.Parcel
	}
	if err := o.db.From(ctx).Raw("SELECT id, parcel_id FROM units WHERE plate = ?", strings.ToUpper(plate)).Scan(&rows).Error; err != nil {
		return 0, 0, fmt.Errorf("read unit: %w", err)
	}
	if len(rows) == 0 {
		return 0, 0, fault.New(fault.NotFound, "unit_not_found", "there is no unit %s", plate)
	}
	return rows[0].ID, val(rows[0].ParcelID), nil
}

// WarehouseOf is where a parcel is.
func (o *Office) WarehouseOf(ctx context.Context, p id.Parcel) (w id.Warehouse, err error) {
	if err = o.db.From(ctx).Raw("SELECT warehouse_id FROM parcels WHERE id = ?", p).Scan(&w).Error; err != nil {
		err = fmt.Errorf("warehouse of parcel: %w", err)
	}
	return w, err
}
