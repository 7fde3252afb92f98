package sticker

// Page is one label: items at places, in dots from the upper left corner.
type Page struct {
	Format        Format
	Width, Height int
	Items         []Item
}

// Item is one thing on a label: exactly one of Text, Symbol and Box is set.
type Item struct {
	X, Y   int
	Text   *Text
	Symbol *Symbol
	Box    *Box
}

// Text is one line. Its width is at most Width; cut shortened it.
type Text struct {
	Value  string
	Height int // of the line
	Width  int // room, for text that is set flush right or checked by a test
	Right  bool
}

// Symbol is a barcode whose quiet zone is part of the layout around it.
type Symbol struct {
	Kind    Symbology
	Data    string
	Module  int // dots of the narrowest bar
	Height  int // of the bars; a DataMatrix is square
	Columns int // modules across, without quiet zone
}

func (s *Symbol) width() int { return s.Module * s.Columns }

// Box is a frame.
type Box struct{ Width, Height, Line int }

func (p *Page) text(x, y, height, width int, value string, right bool) {
	if value = cut(value, height, width); value != "" {
		p.Items = append(p.Items, Item{X: x, Y: y, Text: &Text{Value: value, Height: height, Width: width, Right: right}})
	}
}

// cut shortens a line to what fits, with three dots at its end.
func cut(s string, height, width int) string {
	s = clean(s)
	if measure(s, height) <= width {
		return s
	}
	r := []rune(s)
	for len(r) > 0 && measure(string(r)+"...", height) > width {
		r = r[:len(r)-1]
	}
	if len(r) == 0 {
		return ""
	}
	return string(r) + "..."
}

// clean leaves one line of printable characters that the bitmap font can have.
func clean(s string) string {
	out := make([]rune, 0, len(s))
	for _, c := range s {
		switch {
		case c < ' ' || c == 0x7f:
			c = ' '
		case c >= 0x80 && c < 0xa0 || c >= 0x10000 || c == '\uFFFD' || c >= 0xD800 && c < 0xF900:
			c = '?'
		}
		if c == ' ' && (len(out) == 0 || out[len(out)-1] == ' ') {
			continue
		}
		out = append(out, c)
	}
	for len(out) > 0 && out[len(out)-1] == ' ' {
		out = out[:len(out)-1]
	}
	return string(out)
}
