package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // photos may be PNG
	"io"
	"strings"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // or WebP

	"github.com/backdock/backdock/internal/blob"
	"github.com/backdock/backdock/internal/fault"
)

const (
	thumbEdge    = 320 // pixels of the longer edge
	thumbQuality = 75
	thumbPixels  = 60_000_000 // of the photo: a file of a few bytes can claim to be a picture of many gigabytes
)

// Thumbnail opens the small picture of a photo, a JPEG, and makes it when it is asked for first. A photo that no picture can be made of is fault.NotFound.
func (o *Office) Thumbnail(ctx context.Context, e Evidence) (io.ReadSeekCloser, error) {
	if !strings.HasPrefix(e.Type, "image/") {
		return nil, errNoThumb
	}
	if err := e.present(); err != nil {
		return nil, err
	}
	r, err := o.store.Open(ctx, thumbKey(e.Hash))
	if err == nil || !errors.Is(err, blob.ErrNotFound) {
		return r, err
	}
	small, err := o.shrink(ctx, e)
	if err != nil {
		return nil, err
	}
	if err := o.store.Put(ctx, thumbKey(e.Hash), bytes.NewReader(small), int64(len(small))); err != nil {
		o.logger.WarnContext(ctx, "keep a thumbnail", "evidence", e.Number(), "error", err) // it is made again next time
	}
	return closed{bytes.NewReader(small)}, nil
}

var errNoThumb = fault.New(fault.NotFound, "thumbnail_none", "there is no small picture of this")

// closed is a reader in memory that need not be closed.
type closed struct{ *bytes.Reader }

func (closed) Close() error { return nil }

func (o *Office) shrink(ctx context.Context, e Evidence) ([]byte, error) {
	r, err := o.open(ctx, e)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	size, _, err := image.DecodeConfig(r)
	if err != nil || size.Width < 1 || size.Height < 1 || size.Width > thumbPixels/size.Height {
		return nil, errNoThumb
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read photo: %w", err)
	}
	whole, _, err := image.Decode(r)
	if err != nil {
		return nil, errNoThumb
	}
	w, h := fitted(size.Width, size.Height)
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src) // JPEG knows no transparency
	draw.ApproxBiLinear.Scale(small, small.Bounds(), whole, whole.Bounds(), draw.Over, nil)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, small, &jpeg.Options{Quality: thumbQuality}); err != nil {
		return nil, fmt.Errorf("thumbnail: %w", err)
	}
	return b.Bytes(), nil
}

// fitted scales a picture's size so that its longer edge is thumbEdge; a smaller one stays as it is.
func fitted(w, h int) (int, int) {
	if longer := max(w, h); longer > thumbEdge {
		w, h = max(1, w*thumbEdge/longer), max(1, h*thumbEdge/longer)
	}
	return w, h
}
