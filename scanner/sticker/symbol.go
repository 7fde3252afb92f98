package sticker

import (
	"fmt"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/datamatrix"
)

const (
	quiet128    = 10 // modules beside a Code 128, as the standard asks for
	quietMatrix = 2  // one is enough for the standard; a second forgives a crooked label
	// finest is the narrowest bar in tenths of a millimetre that worn scanners still read.
	finest = 2
)

func encode(kind Symbology, data string) (barcode.Barcode, error) {
	if kind == DataMatrix {
		return datamatrix.Encode(data)
	}
	return code128.Encode(data)
}

// symbol fits a barcode into a room of width by height dots, quiet zone included; the widest bars win. ok is false when bars would be too fine.
func symbol(f Format, kind Symbology, data string, width, height int) (s *Symbol, ok bool, err error) {
	code, err := encode(kind, data)
	if err != nil {
		return nil, false, fmt.Errorf("barcode of %q: %w", data, err)
	}
	s = &Symbol{Kind: kind, Data: data, Columns: code.Bounds().Dx(), Height: height}
	most := f.dots(5)
	quiet := quiet128
	if kind == DataMatrix {
		quiet, most = quietMatrix, f.dots(10)
		width = min(width, height)
	}
	s.Module = min(most, width/(s.Columns+2*quiet))
	if kind == DataMatrix {
		s.Height = s.width()
	}
	return s, s.Module >= f.dots(finest) && s.Module > 0, nil
}

// fields writes the data of a Code 128 for ^BC with the code sets named, so that every printer makes the symbol that was measured: set B, and set C for runs of
// four digits and more.
func fields(data string) string {
	out, set := "", byte(0)
	to := func(want byte, start, change string) {
		if set == 0 {
			out += start
		} else if set != want {
			out += change
		}
		set = want
	}
	for i := 0; i < len(data); {
		need := 4
		if set == 'C' {
			need = 2
		}
		if digits(data[i:]) >= need {
			to('C', ">;", ">5")
			out += data[i : i+2]
			i += 2
			continue
		}
		to('B', ">:", ">6")
		if data[i] == '>' {
			out += ">0"
		} else {
			out += data[i : i+1]
		}
		i++
	}
	return out
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
