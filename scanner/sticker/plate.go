package sticker

import (
	"fmt"

	"github.com/backdock/backdock/scanner"
)

// Plate is the label of one piece.
type Plate struct {
	Number string // U0000000424
	Name   string // product, any script; empty on a roll printed beforehand
	SKU    string
	Tote   scanner.Tote
	Day    string // YYYY-MM-DD in the warehouse
	Copy   int    // 2 and more are marked, so that two labels with one number can be told apart
}

// totes are the words for a colour; clerks of both languages read one label.
var totes = map[scanner.Tote]string{scanner.BlueTote: "蓝 BLUE", scanner.YellowTote: "黄 YELLOW", scanner.RedTote: "红 RED"}

// Page lays a plate out. It fails on anything but a license plate and on stock that is too small for its barcode.
func (p Plate) Page(f Format) (Page, error) {
	if err := f.Check(); err != nil {
		return Page{}, err
	}
	if _, ok := scanner.PlateNumber(p.Number); !ok {
		return Page{}, fmt.Errorf("%q is no license plate", p.Number)
	}
	page := f.page()
	var err error
	if f.Symbol == DataMatrix {
		err = p.beside(&page)
	} else {
		err = p.below(&page)
	}
	return page, err
}

// Lines of a plate in tenths of a millimetre.
const (
	edge       = 15
	gap        = 4
	numberLine = 45
	nameLine   = 40
	codeLine   = 28
	dayLine    = 24
)

// below puts the text under a Code 128 across the label.
func (p Plate) below(page *Page) error {
	f := page.Format
	bars := page.Height - f.dots(2*edge+numberLine+2*nameLine+codeLine+3*gap)
	s, ok, err := symbol(f, Code128, p.Number, page.Width, min(bars, f.dots(150)))
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("label of %d mm is too narrow for a Code 128 plate: use symbol=datamatrix", f.WidthMM)
	}
	page.Items = append(page.Items, Item{X: (page.Width - s.width()) / 2, Y: f.dots(edge), Symbol: s})
	p.words(page, f.dots(edge), f.dots(edge)+s.Height+f.dots(gap), f.dots(numberLine))
	return nil
}

// beside puts the text at the right of a DataMatrix.
func (p Plate) beside(page *Page) error {
	f := page.Format
	s, ok, err := symbol(f, DataMatrix, p.Number, page.Width/3, page.Height-f.dots(2*edge))
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("label of %d mm is too small for a DataMatrix plate", f.WidthMM)
	}
	left := max(f.dots(edge), quietMatrix*s.Module)
	page.Items = append(page.Items, Item{X: left, Y: (page.Height - s.Height) / 2, Symbol: s})
	x := left + s.width() + quietMatrix*s.Module
	line := f.dots(numberLine)
	for measure(p.Number, line) > page.Width-f.dots(edge)-x {
		line--
	}
	p.words(page, x, f.dots(edge), line)
	return nil
}

// words sets the lines from x to the right edge. What a clerk looks for from a step away stands first and large, the number, and last in a frame, the tote.
func (p Plate) words(page *Page, x, y, number int) {
	f := page.Format
	width := page.Width - f.dots(edge) - x
	page.text(x, y, number, width, p.Number, false)
	y += number + f.dots(gap)
	page.text(x, y, f.dots(nameLine), width, p.Name, false)
	y += f.dots(nameLine)
	code, room := f.dots(codeLine), width
	if p.Copy > 1 {
		mark := fmt.Sprintf("#%d", p.Copy)
		w := measure(mark, code)
		room -= w + f.dots(gap)
		page.text(x+width-w, y, code, w, mark, true)
	}
	page.text(x, y, code, room, p.SKU, false)
	foot := page.Height - f.dots(edge+nameLine)
	if word := totes[p.Tote]; word != "" {
		w := measure(word, f.dots(nameLine))
		page.Items = append(page.Items, Item{X: x, Y: foot, Box: &Box{Width: w + f.dots(4*gap), Height: f.dots(nameLine), Line: f.dots(3)}})
		page.text(x+f.dots(2*gap), foot, f.dots(nameLine), w, word, false)
	}
	day := f.dots(dayLine)
	w := measure(p.Day, day)
	page.text(x+width-w, foot+f.dots(nameLine)-day, day, w, p.Day, true)
}
