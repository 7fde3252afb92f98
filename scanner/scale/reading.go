package scale

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Reading is one line of a scale.
type Reading struct {
	Grams  int64
	Motion Motion
	Over   bool // more than the scale can weigh: Grams means nothing
	Under  bool // below its range, as without its pan: Grams means nothing
}

// Motion is what the scale itself says about rest.
type Motion int

const (
	Unsaid  Motion = iota // the protocol has no word for it
	Settled               // stable
	Moving                // dynamic, unstable
)

var (
	// ErrLine is wrapped by every error of a line that cannot be read.
	ErrLine = errors.New("not a weight")
	// ErrBusy says that the scale cannot weigh now: it is warming up, or in its menu.
	ErrBusy = errors.New("the scale cannot weigh now")
)

// Protocol reads one line without its end.
type Protocol string

const (
	SICS  Protocol = "sics"  // Mettler Toledo Standard Interface Command Set, level 0
	ASCII Protocol = "ascii" // continuous text, as A&D, CAS, Ohaus and many others send it
)

// Parse reads a line.
func (p Protocol) Parse(line string) (Reading, error) {
	if len(line) > longestLine {
		return Reading{}, fmt.Errorf("%w: a line of %d bytes", ErrLine, len(line))
	}
	if p == SICS {
		return parseSICS(line)
	}
	return parseASCII(line)
}

// parseSICS reads the answer to SI: "S S value unit" stable, "S D value unit" dynamic, "S I" not now, "S +" and "S -" out of range.
// Source: MT-SICS reference manual, level 0.
func parseSICS(line string) (Reading, error) {
	f := strings.Fields(line)
	if len(f) < 2 || f[0] != "S" {
		return Reading{}, fmt.Errorf("%w: %.40q", ErrLine, line)
	}
	var r Reading
	switch f[1] {
	case "I":
		return Reading{}, ErrBusy
	case "+":
		return Reading{Over: true}, nil
	case "-":
		return Reading{Under: true}, nil
	case "S":
		r.Motion = Settled
	case "D":
		r.Motion = Moving
	default:
		return Reading{}, fmt.Errorf("%w: %.40q", ErrLine, line)
	}
	var err error
	if r.Grams, err = grams(strings.Join(f[2:], " "), ""); err != nil {
		return Reading{}, err
	}
	return r, nil
}

// headers of continuous text. ST and US tell rest, OL overload; the others say gross, net or what was counted, which changes nothing here.
var headers = map[string]func(*Reading){
	"ST": func(r *Reading) { r.Motion = Settled },
	"US": func(r *Reading) { r.Motion = Moving },
	"OL": func(r *Reading) { r.Over = true },
	"UL": func(r *Reading) { r.Under = true },
	"GS": nil, "NT": nil, "TR": nil, "G": nil, "N": nil,
}

// parseASCII reads "ST,GS,+  1.234kg", "US,NT,-0.5 lb", "ST,+00012.34  g", "OL,GS,+" and a bare "1.234 kg".
func parseASCII(line string) (Reading, error) {
	var r Reading
	parts := strings.Split(strings.TrimSpace(line), ",")
	for len(parts) > 1 {
		act, known := headers[strings.ToUpper(strings.TrimSpace(parts[0]))]
		if !known {
			break
		}
		if act != nil {
			act(&r)
		}
		parts = parts[1:]
	}
	if r.Over || r.Under {
		return Reading{Over: r.Over, Under: r.Under}, nil
	}
	if len(parts) > 2 {
		return Reading{}, fmt.Errorf("%w: %.40q", ErrLine, line)
	}
	unit := ""
	if len(parts) == 2 {
		unit = parts[1]
	}
	var err error
	if r.Grams, err = grams(parts[0], unit); err != nil {
		return Reading{}, err
	}
	return r, nil
}

// perGram has each unit in grams as a fraction. The pound is 453.59237 g by definition, the ounce a sixteenth of it.
var perGram = map[string][2]int64{
	"g": {1, 1}, "kg": {1000, 1}, "mg": {1, 1000}, "t": {1_000_000, 1}, "lb": {45_359_237, 100_000}, "oz": {45_359_237, 1_600_000},
}

const (
	longestLine  = 80
	mostDigits   = 12
	heaviestGram = 10_000_000 // ten tonnes: no bench carries more, so a larger number is noise
)

// grams reads a number with its unit, rounded to whole grams, halves away from zero. Without a unit it is refused: a guess would be wrong by a thousand.
func grams(s, unit string) (int64, error) {
	text := strings.TrimSpace(s)
	negative := strings.HasPrefix(text, "-")
	if negative || strings.HasPrefix(text, "+") {
		text = strings.TrimSpace(text[1:])
	}
	end := 0
	digits, point := 0, -1
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == '.' && point < 0) {
		if text[end] == '.' {
			point = digits
		} else {
			digits++
		}
		end++
	}
	if unit == "" {
		unit = text[end:]
	} else if strings.TrimSpace(text[end:]) != "" {
		return 0, fmt.Errorf("%w: %.40q", ErrLine, s)
	}
	factor, ok := perGram[strings.ToLower(strings.TrimSpace(unit))]
	if !ok || digits == 0 || digits > mostDigits {
		return 0, fmt.Errorf("%w: %.40q", ErrLine, s)
	}
	n, _ := new(big.Int).SetString(strings.Replace(text[:end], ".", "", 1), 10)
	places := 0
	if point >= 0 {
		places = digits - point
	}
	over := new(big.Int).Mul(n, big.NewInt(2*factor[0]))
	under := new(big.Int).Mul(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil), big.NewInt(factor[1]))
	// Twice the value plus one half, halved: rounds halves up, and the sign comes last.
	over.Add(over, under).Quo(over, under.Lsh(under, 1))
	if !over.IsInt64() || over.Int64() > heaviestGram {
		return 0, fmt.Errorf("%w: %.40q is beyond any bench", ErrLine, s)
	}
	if negative {
		return -over.Int64(), nil
	}
	return over.Int64(), nil
}
