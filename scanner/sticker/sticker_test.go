package sticker

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/boombuler/barcode"

	"github.com/backdock/backdock/scanner"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs: look at it, then run go test ./scanner/sticker -update\n%.2000s", name, got)
	}
}

var small = Format{WidthMM: 50, HeightMM: 30, DPI: 203, Symbol: Code128}

// Every kind of label that leaves the house, byte for byte.
func TestGolden(t *testing.T) {
	t.Parallel()
	ear := Plate{Number: scanner.Plate(42), Name: "无线蓝牙耳机 Pro 黑", SKU: "EAR-PRO-BK", Tote: scanner.BlueTote, Day: "2026-11-24"}
	for _, tc := range []struct {
		name   string
		plate  Plate
		format Format
	}{
		{"plate-50x30-203", ear, small},
		{"plate-60x40-300", ear, Format{60, 40, 300, Code128}},
		{"plate-matrix-50x30-203", ear, Format{50, 30, 203, DataMatrix}},
		{"plate-ascii-copy", Plate{Number: scanner.Plate(7), Name: "Wool sweater ^XZ~JA_5E, grey, size M, long enough to be cut", SKU: "WS-\\&M", Tote: scanner.RedTote, Day: "2026-11-24", Copy: 2}, small},
		{"plate-roll", Plate{Number: scanner.Plate(scanner.MaxPlate)}, small},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			page, err := tc.plate.Page(tc.format)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tc.name+".zpl", ZPL(page))
			svg, err := SVG(page)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tc.name+".svg", svg)
		})
	}
	pages, err := Sheet(small)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sheet-50x30-203.zpl", ZPL(pages...))
}

// On every stock and head that is allowed: what is drawn stays on the label, the quiet zone stays white, lines do not run into each other, and the SVG is XML.
func TestEveryFormatFits(t *testing.T) {
	t.Parallel()
	long := Plate{Number: scanner.Plate(1234567), Name: strings.Repeat("加绒加厚连帽卫衣", 5), SKU: strings.Repeat("SKU-", 20), Tote: scanner.YellowTote, Day: "2026-11-24", Copy: 3}
	short := Plate{Number: scanner.Plate(5)}
	formats := 0
	for _, dpi := range []int{203, 300, 600} {
		for _, kind := range []Symbology{Code128, DataMatrix} {
			for w := 40; w <= 110; w += 10 {
				for h := 25; h <= 150; h += 10 {
					formats++
					f := Format{w, h, dpi, kind}
					for _, p := range []Plate{long, short} {
						page, err := p.Page(f)
						if err != nil {
							t.Fatalf("%v: %v", f, err)
						}
						fits(t, f, page)
					}
					sheet, err := Sheet(f)
					if err != nil {
						t.Fatalf("%v: %v", f, err)
					}
					for _, page := range sheet {
						fits(t, f, page)
					}
				}
			}
		}
	}
	if formats < 500 {
		t.Errorf("only %d formats", formats)
	}
}

type rect struct {
	x, y, w, h int
	what       string
}

func fits(t *testing.T, f Format, p Page) {
	t.Helper()
	var taken []rect
	for _, i := range p.Items {
		var r rect
		switch {
		case i.Symbol != nil:
			quiet := quiet128
			if i.Symbol.Kind == DataMatrix {
				quiet = quietMatrix
			}
			if i.Symbol.Module < f.dots(finest) {
				t.Errorf("%v: module of %d dots", f, i.Symbol.Module)
			}
			r = rect{i.X - quiet*i.Symbol.Module, i.Y, i.Symbol.width() + 2*quiet*i.Symbol.Module, i.Symbol.Height, i.Symbol.Data}
			if i.Symbol.Height < f.dots(40) {
				t.Errorf("%v: bars of %d dots", f, i.Symbol.Height)
			}
		case i.Text != nil:
			w := measure(i.Text.Value, i.Text.Height)
			r = rect{i.X, i.Y, w, i.Text.Height, i.Text.Value}
			if i.Text.Right {
				r.x += i.Text.Width - w
			}
		case i.Box != nil:
			continue // a frame is around something
		}
		if r.x < 0 || r.y < 0 || r.x+r.w > p.Width || r.y+r.h > p.Height {
			t.Errorf("%v: %+v leaves the label of %dx%d", f, r, p.Width, p.Height)
		}
		for _, o := range taken {
			if r.x < o.x+o.w && o.x < r.x+r.w && r.y < o.y+o.h && o.y < r.y+r.h {
				t.Errorf("%v: %+v and %+v overlap", f, r, o)
			}
		}
		taken = append(taken, r)
	}
	svg, err := SVG(p)
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v: %v", f, err)
		}
	}
}

// What ^BC is told gives the very symbol that was measured: same codewords, so the same check character and the same width.
func TestFieldsAreTheMeasuredSymbol(t *testing.T) {
	t.Parallel()
	list := []string{scanner.Plate(1), scanner.Plate(999_999_999), "1234", "12345", "A>B", "BD:CHOOSE:1", "U00000", "123A5678B90"}
	for _, c := range Controls {
		list = append(list, c.Data)
	}
	for _, data := range list {
		code, err := encode(Code128, data)
		if err != nil {
			t.Fatal(err)
		}
		words := codewords(t, fields(data))
		sum := words[0]
		for i, w := range words[1:] {
			sum += (i + 1) * w
		}
		if want := code.(barcode.BarcodeIntCS).CheckSum(); sum%103 != want {
			t.Errorf("%q as %s: check %d, want %d", data, fields(data), sum%103, want)
		}
		if width := 11*(len(words)+1) + 13; width != code.Bounds().Dx() {
			t.Errorf("%q as %s: %d modules, want %d", data, fields(data), width, code.Bounds().Dx())
		}
	}
}

// codewords reads the data of a ^BC field as the ZPL guide says a printer does.
func codewords(t *testing.T, s string) []int {
	t.Helper()
	var out []int
	set := byte(0)
	for i := 0; i < len(s); {
		if s[i] == '>' {
			switch s[i+1] {
			case ':':
				set = 'B'
				out = append(out, 104)
			case ';':
				set = 'C'
				out = append(out, 105)
			case '5':
				set = 'C'
				out = append(out, 99)
			case '6':
				set = 'B'
				out = append(out, 100)
			case '0':
				out = append(out, '>'-32)
			default:
				t.Fatalf("invocation >%c", s[i+1])
			}
			i += 2
			continue
		}
		if set == 'C' {
			n, err := strconv.Atoi(s[i : i+2])
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, n)
			i += 2
			continue
		}
		out = append(out, int(s[i])-32)
		i++
	}
	return out
}

var (
	commandPattern = regexp.MustCompile(`[\^~]`)
)

// Whatever a merchant names goods, it stays data: the job has the commands of the layout and no other, and the text comes back as it was.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"plain", "^XZ~JA", "_5E", "a\\&b", "无线^耳机", "\x00\x1b\xff", "> >0"} {
		f.Add(s)
	}
	page, err := Plate{Number: scanner.Plate(9), Name: "x", SKU: "y", Day: "2026-11-24"}.Page(small)
	if err != nil {
		f.Fatal(err)
	}
	count := len(commandPattern.FindAll(ZPL(page), -1))
	f.Fuzz(func(t *testing.T, s string) {
		e := escape(s)
		if strings.ContainsAny(e, "^~\\\n\x00") {
			t.Fatalf("%q became %q", s, e)
		}
		if got := unescape(t, e); got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
		p, err := Plate{Number: scanner.Plate(9), Name: s, SKU: "y", Day: "2026-11-24"}.Page(small)
		if err != nil {
			t.Fatal(err)
		}
		job := ZPL(p)
		// A picture has no ^A0, ^FH and ^FD; an empty name has no field at all.
		if n := len(commandPattern.FindAll(job, -1)); n != count && n != count-2 && n != count-5 {
			t.Fatalf("%q gave %d commands instead of %d:\n%s", s, n, count, job)
		}
		fits(t, small, p)
	})
}

func unescape(t *testing.T, s string) string {
	t.Helper()
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '_' {
			out = append(out, s[i])
			continue
		}
		b, err := hex.DecodeString(s[i+1 : i+3])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
		i += 2
	}
	return string(out)
}

// Chinese is drawn as a picture in which each character has ink, and no two characters the same.
func TestChineseHasGlyphs(t *testing.T) {
	t.Parallel()
	seen := map[string]rune{}
	for _, c := range "蓝黄红无面单羽绒服鞋箱归仓破损" {
		b := draw(string(c), 24)
		ink := 0
		for y := range b.height {
			for x := range b.width {
				if b.at(x, y) {
					ink++
				}
			}
		}
		if ink < 20 {
			t.Errorf("%c has %d dots of ink", c, ink)
		}
		if o, twice := seen[string(b.rows)]; twice {
			t.Errorf("%c looks like %c", c, o)
		}
		seen[string(b.rows)] = c
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                                      "label=50x30&dpi=203&symbol=code128",
		"label=60X40&dpi=300&symbol=DataMatrix": "label=60x40&dpi=300&symbol=datamatrix",
		"label=50":                              "!WIDTHxHEIGHT",
		"label=ax30":                            "!WIDTHxHEIGHT",
		"label=10x10":                           "!40 to 110",
		"dpi=204":                               "!203, 300 or 600",
		"dpi=x":                                 "!203, 300 or 600",
		"symbol=qr":                             "!code128 or datamatrix",
	} {
		f, err := ParseFormat(func(key string) string {
			for _, pair := range strings.Split(query, "&") {
				if k, v, _ := strings.Cut(pair, "="); k == key {
					return v
				}
			}
			return ""
		})
		if text, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%q: %v, want an error with %q", query, err, text)
			}
		} else if err != nil || f.String() != want {
			t.Errorf("%q: %v %v, want %s", query, f, err, want)
		}
	}
	if _, err := (Plate{Number: "U123"}).Page(small); err == nil {
		t.Error("a number without a check digit was laid out")
	}
}

// The sheet of paper and the labels have the same controls and words.
func TestSheetsAgree(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../web/src/sheet/controls.ts")
	if err != nil {
		t.Fatal(err)
	}
	var paper []string
	for _, m := range regexp.MustCompile(`c\('(BD:[^']+)', '([^']+)', '([^']+)'`).FindAllStringSubmatch(string(b), -1) {
		paper = append(paper, strings.Join(m[1:4], "|"))
	}
	var labels []string
	for _, c := range Controls {
		if strings.HasPrefix(c.Data, "BD:CHOOSE:") {
			continue // the page makes these in a loop
		}
		labels = append(labels, c.Data+"|"+c.ZH+"|"+c.EN)
	}
	if len(paper) < 15 || fmt.Sprint(paper) != fmt.Sprint(labels) {
		t.Errorf("paper:  %v\nlabels: %v", paper, labels)
	}
}
