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

const from = "SELECT e.* FROM evidence e LEFT JOIN parcels p ON p.id = e.parcel_id LEFT JOIN units u ON u.id = e.unit_id WHERE "

var errNotFound = fault.New(fault.NotFound, "evidence_not_found", "there is no such evidence")

// Within reads one piece of evidence inside a scope.
func (o *Office) Within(ctx context.Context, s auth.Scope, number string) (Evidence, error) {
	n, ok := ParseNumber(number)
	if !ok {
		return Evidence{}, errNotFound
	}
	within, args := s.SQL(columns)
	found, err := o.read(ctx, "e.id = ? AND "+within, append([]any{n}, args...)...)
	if err == nil && len(found) == 0 {
		err = errNotFound
	}
	if err != nil {
		return Evidence{}, err
	}
	return found[0], nil
}

// OfParcel lists what there is of a parcel, oldest first.
func (o *Office) OfParcel(ctx context.Context, s auth.Scope, p id.Parcel) ([]Evidence, error) {
	within, args := s.SQL(columns)
	return o.read(ctx, "e.parcel_id = ? AND "+within, append([]any{p}, args...)...)
}

// OfUnit lists what there is of a piece: what was taken of it, and of its parcel as a whole.
func (o *Office) OfUnit(ctx context.Context, s auth.Scope, plate string) ([]Evidence, error) {
	within, args := s.SQL(columns)
	plate = strings.ToUpper(plate)
	return o.read(ctx, `(u.plate = ? OR e.unit_id IS NULL AND e.parcel_id = (SELECT parcel_id FROM units WHERE plate = ?)) AND `+within, append([]any{plate, plate}, args...)...)
}

func (o *Office) read(ctx context.Context, where string, args ...any) ([]Evidence, error) {
	var out []Evidence
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
