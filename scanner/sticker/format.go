package sticker

import (
	"fmt"
	"strconv"
	"strings"
)

// Symbology is the barcode of a plate.
type Symbology string

const (
	Code128    Symbology = "code128"
	DataMatrix Symbology = "datamatrix"
)

// Format is the label stock and the print head.
type Format struct {
	WidthMM, HeightMM int
	DPI               int // 203, 300 or 600, as makers name heads of 8, 12 and 24 dots a millimetre
	Symbol            Symbology
}

// Default is the stock that fits most goods.
func Default() Format { return Format{WidthMM: 50, HeightMM: 30, DPI: 203, Symbol: Code128} }

// dotsPerMM by the name of the head.
var dotsPerMM = map[int]int{203: 8, 300: 12, 600: 24}

// ParseFormat reads label=50x30, dpi=203 and symbol=code128 as they stand in a printer's URL; get returns "" for what is not given.
func ParseFormat(get func(key string) string) (Format, error) {
	f := Default()
	if s := get("label"); s != "" {
		w, h, ok := strings.Cut(strings.ToLower(s), "x")
		var err1, err2 error
		f.WidthMM, err1 = strconv.Atoi(w)
		f.HeightMM, err2 = strconv.Atoi(h)
		if !ok || err1 != nil || err2 != nil {
			return Format{}, fmt.Errorf("label=%q: want WIDTHxHEIGHT in millimetres, such as 50x30", s)
		}
	}
	if s := get("dpi"); s != "" {
		var err error
		if f.DPI, err = strconv.Atoi(s); err != nil {
			return Format{}, fmt.Errorf("dpi=%q: want 203, 300 or 600", s)
		}
	}
	if s := get("symbol"); s != "" {
		f.Symbol = Symbology(strings.ToLower(s))
	}
	return f, f.Check()
}

// Check says what is wrong with a format that no plate label fits on.
func (f Format) Check() error {
	switch {
	case dotsPerMM[f.DPI] == 0:
		return fmt.Errorf("dpi=%d: want 203, 300 or 600", f.DPI)
	case f.WidthMM < 40 || f.WidthMM > 110 || f.HeightMM < 25 || f.HeightMM > 150:
		return fmt.Errorf("label=%dx%d: want 40 to 110 mm wide and 25 to 150 mm high", f.WidthMM, f.HeightMM)
	case f.Symbol != Code128 && f.Symbol != DataMatrix:
		return fmt.Errorf("symbol=%q: want code128 or datamatrix", f.Symbol)
	}
	return nil
}

// String is the format as a printer's URL has it.
func (f Format) String() string {
	return fmt.Sprintf("label=%dx%d&dpi=%d&symbol=%s", f.WidthMM, f.HeightMM, f.DPI, f.Symbol)
}

// dots turns tenths of a millimetre into dots.
func (f Format) dots(tenths int) int { return tenths * dotsPerMM[f.DPI] / 10 }

func (f Format) page() Page {
	return Page{Format: f, Width: f.dots(10 * f.WidthMM), Height: f.dots(10 * f.HeightMM)}
}
