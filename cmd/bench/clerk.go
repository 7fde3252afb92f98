package main

import (
	"errors"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// Clerk scans one parcel after the other: its waybill, its pieces, DONE. Pieces carry plates from the blocks that were leased.
type Clerk struct {
	scene  *Scene
	blocks []wire.Block
	seq    uint64
	parcel Parcel   // at hand
	queue  []string // codes still to scan of the parcel at hand, DONE the last
}

// pace is what lies between two scans on the station's own clock. The desk takes the same code within a moment for one trigger pull; people are slower than
// this clerk.
const pace = time.Second

const done = scanner.ControlPrefix + scanner.Done

var errNoParcel = errors.New("no parcel is left: the run was longer than the scene")

// Next is the next scan, and whether it is one of a piece.
func (c *Clerk) Next() (s scanner.Scan, piece bool, err error) {
	data := ""
	switch {
	case len(c.queue) == 0:
		p, ok := c.scene.Take()
		if !ok {
			return s, false, errNoParcel
		}
		c.parcel = p
		data, c.queue = p.Waybill, append(append([]string(nil), p.Codes...), done)
	default:
		data, c.queue = c.queue[0], c.queue[1:]
		piece = data != done
	}
	c.seq++
	s = scanner.Scan{Seq: c.seq, Device: "bench", Source: scanner.FromDevice, CapturedAt: clock.System{}.Now(), MonoMicros: int64(c.seq) * pace.Microseconds(),
		Raw: []byte(data), Data: data, Charset: "utf-8"}
	if piece {
		s.Symbology, s.Plate = "]E0", c.plate()
	}
	return s, piece, nil
}

// plates is how many are left.
func (c *Clerk) plates() (n int) {
	for _, b := range c.blocks {
		n += b.Count
	}
	return n
}

// plate takes one, or none: the desk gives a piece without a plate one of its own.
func (c *Clerk) plate() string {
	for len(c.blocks) > 0 && c.blocks[0].Count == 0 {
		c.blocks = c.blocks[1:]
	}
	if len(c.blocks) == 0 {
		return ""
	}
	b := &c.blocks[0]
	n := b.First
	b.First, b.Count = n+1, b.Count-1
	return scanner.Plate(n)
}
