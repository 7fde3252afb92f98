package sticker

import (
	"image"
	"image/color"

	"github.com/hajimehoshi/bitmapfont/v3"
	"golang.org/x/image/math/fixed"
)

// The embedded font has cells of 12 by 16 pixels, half of that in width for Latin.
const cell = 16

// bitmap is a picture of one bit a dot, rows padded to whole bytes as ^GF wants them.
type bitmap struct {
	width, height int
	rows          []byte
}

func (b *bitmap) stride() int { return (b.width + 7) / 8 }

func (b *bitmap) set(x, y int) { b.rows[y*b.stride()+x/8] |= 0x80 >> (x % 8) }

func (b *bitmap) at(x, y int) bool { return b.rows[y*b.stride()+x/8]&(0x80>>(x%8)) != 0 }

// ascii reports whether the printer's own font has all of s.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// font0 is the height of the printer's font in a line: its letters fill theirs, the embedded font's leave a quarter of it free.
func font0(line int) int { return line * 3 / 4 }

// measure is the width of a line in dots. Font 0 is proportional; 0.6 of its height is wider than any run of digits and capitals that codes are made of.
func measure(s string, height int) int {
	if ascii(s) {
		return len(s) * font0(height) * 6 / 10
	}
	w := 0
	for _, c := range s {
		if a, ok := bitmapfont.FaceSC.GlyphAdvance(c); ok {
			w += a.Floor()
		}
	}
	return w * zoom(height)
}

// zoom is how many dots a pixel of the embedded font gets in a line of this height.
func zoom(height int) int { return max(1, height/cell) }

// draw makes the picture of a line.
func draw(s string, height int) *bitmap {
	z := zoom(height)
	b := &bitmap{width: max(1, measure(s, height)), height: cell * z}
	b.rows = make([]byte, b.stride()*b.height)
	face := bitmapfont.FaceSC
	dot := fixed.Point26_6{Y: face.Metrics().Ascent}
	for _, c := range s {
		r, mask, at, advance, ok := face.Glyph(dot, c)
		if !ok {
			continue
		}
		stamp(b, r, mask, at, z)
		dot.X += advance
	}
	return b
}

// stamp copies one glyph, each pixel z by z dots.
func stamp(b *bitmap, r image.Rectangle, mask image.Image, at image.Point, z int) {
	for y := range r.Dy() {
		for x := range r.Dx() {
			if mask.At(at.X+x, at.Y+y) == (color.Alpha{}) {
				continue
			}
			for dy := range z {
				for dx := range z {
					if px, py := (r.Min.X+x)*z+dx, (r.Min.Y+y)*z+dy; px < b.width && py >= 0 && py < b.height {
						b.set(px, py)
					}
				}
			}
		}
	}
}
