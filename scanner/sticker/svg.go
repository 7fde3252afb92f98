package sticker

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"io"
)

// SVG renders one label for a browser: its size in millimetres, its inside in dots. Text is text, so that the browser's fonts show it; its length is the
// printer's.
func SVG(p Page) ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%dmm" height="%dmm" viewBox="0 0 %d %d" shape-rendering="crispEdges">`, p.Format.WidthMM, p.Format.HeightMM, p.Width, p.Height)
	fmt.Fprintf(&out, "\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", p.Width, p.Height)
	for _, i := range p.Items {
		switch {
		case i.Symbol != nil:
			if err := svgSymbol(&out, i); err != nil {
				return nil, err
			}
		case i.Text != nil:
			svgText(&out, i)
		case i.Box != nil:
			b := i.Box
			fmt.Fprintf(&out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#000\" stroke-width=\"%d\"/>\n",
				i.X+b.Line/2, i.Y+b.Line/2, b.Width-b.Line, b.Height-b.Line, b.Line)
		}
	}
	out.WriteString("</svg>\n")
	return out.Bytes(), nil
}

// svgSymbol draws runs of dark modules, row by row; a Code 128 has one row.
func svgSymbol(out io.Writer, i Item) error {
	s := i.Symbol
	code, err := encode(s.Kind, s.Data)
	if err != nil {
		return fmt.Errorf("barcode of %q: %w", s.Data, err)
	}
	b := code.Bounds()
	high := s.Height
	if s.Kind == DataMatrix {
		high = s.Module
	}
	dark := func(x, y int) bool { return x < b.Dx() && code.At(b.Min.X+x, b.Min.Y+y) == color.Black }
	fmt.Fprint(out, `<path d="`)
	for y := range b.Dy() {
		for x := 0; x < b.Dx(); x++ {
			run := 0
			for dark(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(out, "M%d %dh%dv%dh%dz", i.X+x*s.Module, i.Y+y*s.Module, run*s.Module, high, -run*s.Module)
				x += run
			}
		}
	}
	fmt.Fprint(out, "\"/>\n")
	return nil
}

func svgText(out *bytes.Buffer, i Item) {
	t := i.Text
	x, anchor := i.X, "start"
	if t.Right {
		x, anchor = i.X+t.Width, "end"
	}
	// The base of browsers' fonts stands at about three quarters of the line.
	fmt.Fprintf(out, `<text x="%d" y="%d" font-size="%d" font-family="'Noto Sans CJK SC','Microsoft YaHei',Arial,sans-serif" font-weight="600" text-anchor="%s"`, x, i.Y+t.Height*3/4+t.Height/20, font0(t.Height), anchor)
	fmt.Fprintf(out, ` textLength="%d" lengthAdjust="spacingAndGlyphs">`, min(measure(t.Value, t.Height), t.Width))
	_ = xml.EscapeText(out, []byte(t.Value)) // a buffer takes everything
	out.WriteString("</text>\n")
}
