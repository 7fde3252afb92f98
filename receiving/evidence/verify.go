package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/backdock/backdock/internal/blob"
)

// Fault is a file that is not what its row says.
type Fault struct {
	Hash   string
	Detail string
}

// Verify reads every file that evidence refers to and compares it with its hash. It returns how many it read and what is wrong.
func (o *Office) Verify(ctx context.Context) (read int, faults []Fault, err error) {
	after := ""
	for {
		var page []Blob
		err := o.db.Read.WithContext(ctx).Where("state = ? AND hash > ?", stored, after).Order("hash").Limit(500).Find(&page).Error
		if err != nil {
			return read, faults, fmt.Errorf("verify evidence: %w", err)
		}
		if len(page) == 0 {
			return read, faults, nil
		}
		for _, b := range page {
			detail, err := o.verify(ctx, b)
			if err != nil {
				return read, faults, err
			}
			if detail != "" {
				faults = append(faults, Fault{b.Hash, detail})
			}
			read++
		}
		after = page[len(page)-1].Hash
	}
}

func (o *Office) verify(ctx context.Context, b Blob) (string, error) {
	r, err := o.store.Open(ctx, blobKey(b.Hash))
	if errors.Is(err, blob.ErrNotFound) {
		return "the file is not in the store", nil
	}
	if err != nil {
		return "", fmt.Errorf("verify %s: %w", b.Hash, err)
	}
	defer r.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, r)
	switch {
	case err != nil:
		return "", fmt.Errorf("verify %s: %w", b.Hash, err)
	case n != b.Size:
		return fmt.Sprintf("the file has %d bytes, its row says %d", n, b.Size), nil
	case hex.EncodeToString(sum.Sum(nil)) != b.Hash:
		return "the file has other content than its hash says", nil
	}
	return "", nil
}
