package descriptor

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keyboard is the boot keyboard of HID 1.11, appendix B.1.
const keyboard = `05 01 09 06 A1 01 05 07 19 E0 29 E7 15 00 25 01 75 01 95 08 81 02 95 01 75 08 81 01 95 05 75 01 05 08 19 01 29 05 91 02 95 01 75 03 91 01
	95 06 75 08 15 00 25 65 05 07 19 00 29 65 81 00 C0`

// scanner has what the HID POS usage tables describe, laid out at odd places on purpose.
const scanner = `05 8C 09 02 A1 01
	09 12 A1 02 85 02 15 00 26 FF 00
	  75 01 95 03 81 01
	  05 01 09 3B 75 08 95 01 81 02
	  05 8C 09 FB 09 FC 09 FD 95 03 81 02
	  09 FE 95 0A 82 02 01
	  09 FF 75 01 95 01 81 02
	  75 04 81 01
	C0
	09 14 A1 02 85 04
	  09 85 09 86 75 01 95 02 91 02
	  75 06 95 01 91 01
	C0
	85 FE 09 10 75 08 95 01 B1 02
	C0`

func describe(d Descriptor) string {
	var out []string
	for _, f := range d.Fields {
		out = append(out, fmt.Sprintf("%d/%d %v @%d %dx%d %v %v", f.Kind, f.Report, f.Usage, f.Bit, f.Count, f.Size, f.Array, f.Within))
	}
	return strings.Join(out, "\n")
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, hex, want string }{
		{"boot keyboard", keyboard, `0/0 07:E0 @0 1x1 false [01:06]
0/0 07:E1 @1 1x1 false [01:06]
0/0 07:E2 @2 1x1 false [01:06]
0/0 07:E3 @3 1x1 false [01:06]
0/0 07:E4 @4 1x1 false [01:06]
0/0 07:E5 @5 1x1 false [01:06]
0/0 07:E6 @6 1x1 false [01:06]
0/0 07:E7 @7 1x1 false [01:06]
1/0 08:01 @0 1x1 false [01:06]
1/0 08:02 @1 1x1 false [01:06]
1/0 08:03 @2 1x1 false [01:06]
1/0 08:04 @3 1x1 false [01:06]
1/0 08:05 @4 1x1 false [01:06]
0/0 07:00 @16 6x8 true [01:06]`},
		{"scanner", scanner, `0/2 01:3B @3 1x8 false [8C:02 8C:12]
0/2 8C:FB @11 1x8 false [8C:02 8C:12]
0/2 8C:FC @19 1x8 false [8C:02 8C:12]
0/2 8C:FD @27 1x8 false [8C:02 8C:12]
0/2 8C:FE @35 10x8 false [8C:02 8C:12]
0/2 8C:FF @115 1x1 false [8C:02 8C:12]
1/4 8C:85 @0 1x1 false [8C:02 8C:14]
1/4 8C:86 @1 1x1 false [8C:02 8C:14]
2/254 8C:10 @0 1x8 false [8C:02]`},
		{"usages on two pages in one item", `05 8C 09 02 A1 01 05 01 09 3B 05 8C 09 FB 75 08 95 03 81 02 C0`, `0/0 01:3B @0 1x8 false [8C:02]
0/0 8C:FB @8 2x8 false [8C:02]`},
		{"page after its usages", `09 02 05 8C A1 01 09 FE 09 FF 05 8D 75 08 95 02 81 02 C0`, `0/0 8D:FE @0 1x8 false [8C:02]
0/0 8D:FF @8 1x8 false [8C:02]`},
		{"usage with its page", `0B 02 00 8C 00 A1 01 0B FE 00 8C 00 75 08 95 02 81 02 C0`, `0/0 8C:FE @0 2x8 false [8C:02]`},
		{"push and pop", `05 8C 09 02 A1 01 75 08 95 01 85 01 A4 05 01 75 10 85 02 09 3B 81 02 B4 09 FE 81 02 C0`, `0/2 01:3B @0 1x16 false [8C:02]
0/1 8C:FE @0 1x8 false [8C:02]`},
		{"alternatives", `05 8C 09 02 A1 01 75 08 95 02 A9 01 09 FE 09 FD A9 00 09 FC 81 02 C0`, `0/0 8C:FE @0 1x8 false [8C:02]
0/0 8C:FC @8 1x8 false [8C:02]`},
		{"a long item is passed over", `FE 02 10 A1 01 05 8C 09 02 A1 01 75 08 95 01 09 FE 81 02 C0`, `0/0 8C:FE @0 1x8 false [8C:02]`},
		{"one field of many bits", `05 8C 09 02 A1 01 76 C0 01 95 01 09 FE 82 02 01 C0`, `0/0 8C:FE @0 1x448 false [8C:02]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d, err := Parse(unhex(t, tc.hex))
			if got := describe(d); err != nil || got != tc.want {
				t.Errorf("got\n%s\nwant\n%s\n%v", got, tc.want, err)
			}
		})
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	d, err := Parse(unhex(t, scanner))
	if err != nil {
		t.Fatal(err)
	}
	if !d.Numbered || !d.Is(Of(0x8C, 2)) || d.Is(Of(1, 6)) {
		t.Fatalf("%+v", d)
	}
	for key, want := range map[reportKey]int{{Input, 2}: 15, {Output, 4}: 1, {Feature, 254}: 1, {Input, 4}: 0} {
		if got := d.Length(key.kind, key.id); got != want {
			t.Errorf("report %+v has %d bytes, want %d", key, got, want)
		}
	}
	fields := map[Usage]Field{}
	for _, f := range d.Fields {
		fields[f.Usage] = f
	}
	// Three bits of padding, then everything: a length of 10, ]E0, ten digits, continued.
	report := make([]byte, 15)
	fields[Of(1, 0x3B)].SetNumber(report, 10)
	for i, c := range "]E0" {
		fields[Of(0x8C, 0xFB+uint16(i))].SetNumber(report, uint32(c))
	}
	data := fields[Of(0x8C, 0xFE)]
	for i, c := range []byte("6901234567") {
		f := data
		f.Bit += i * 8
		f.SetNumber(report, uint32(c))
	}
	fields[Of(0x8C, 0xFF)].SetNumber(report, 1)
	if n, ok := fields[Of(1, 0x3B)].Number(report); !ok || n != 10 {
		t.Errorf("length %d, %v", n, ok)
	}
	if b, ok := data.Bytes(report); !ok || string(b) != "6901234567" {
		t.Errorf("data %q, %v", b, ok)
	}
	if n, ok := fields[Of(0x8C, 0xFF)].Number(report); !ok || n != 1 {
		t.Errorf("continued %d, %v", n, ok)
	}
	if !fields[Of(0x8C, 0xFF)].In(Of(0x8C, 0x12)) || fields[Of(0x8C, 0xFF)].In(Of(0x8C, 0x14)) {
		t.Error("the field is not where it should be")
	}
	if _, ok := data.Bytes(report[:14]); ok {
		t.Error("bytes beyond the report were read")
	}
	if _, ok := fields[Of(0x8C, 0xFF)].Number(report[:14]); ok {
		t.Error("a bit beyond the report was read")
	}
	fields[Of(1, 0x3B)].SetNumber(report, 0)
	if n, _ := fields[Of(1, 0x3B)].Number(report); n != 0 || report[0] != 0 {
		t.Errorf("cleared to %d", n)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	long := append(unhex(t, "05 8C 09 02 A1 01"), bytes.Repeat([]byte{0xC4}, MaxSize)...)
	for name, b := range map[string][]byte{
		"nothing":                    {},
		"item cut off":               unhex(t, "05 8C 09 02 A1"),
		"long item cut off":          unhex(t, "FE 09 10"),
		"no end":                     unhex(t, "05 8C 09 02 A1 01"),
		"end without beginning":      unhex(t, "C0"),
		"no application":             unhex(t, "05 8C 09 02 A1 02 C0"),
		"report id 0":                unhex(t, "05 8C 09 02 A1 01 85 00 C0"),
		"report too long":            unhex(t, "05 8C 09 02 A1 01 77 FF FF FF 7F 97 FF FF FF 7F 09 FE 81 02 C0"),
		"report too long together":   unhex(t, "05 8C 09 02 A1 01 76 00 40 95 08 09 FE 81 02 09 FE 81 02 C0"),
		"pop without push":           unhex(t, "B4"),
		"too deep":                   bytes.Repeat([]byte{0xA1, 0x02}, 100),
		"pushed too often":           bytes.Repeat([]byte{0xA4}, 100),
		"too many usages":            bytes.Repeat([]byte{0x09, 0x01}, 600),
		"too many fields":            unhex(t, "05 8C 09 02 A1 01 75 01 96 FF 7F 19 00 2A FF FF 81 02 C0"),
		"range upside down":          unhex(t, "05 8C 09 02 A1 01 19 05 29 01 C0"),
		"maximum without minimum":    unhex(t, "05 8C 09 02 A1 01 29 01 C0"),
		"longer than the kernel has": long,
	} {
		if d, err := Parse(b); err == nil {
			t.Errorf("%s gave %+v", name, d)
		}
	}
}

// FuzzParse: any bytes give an error or fields that lie within their reports.
func FuzzParse(f *testing.F) {
	for _, s := range []string{keyboard, scanner} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Parse(b)
		if err != nil {
			return
		}
		if len(d.Fields) > maxFields {
			t.Fatalf("%d fields", len(d.Fields))
		}
		for _, x := range d.Fields {
			n := d.Length(x.Kind, x.Report)
			if n > MaxReport || x.Size < 1 || x.Count < 1 || x.Bit < 0 || x.Bit+x.Bits() > n*8 {
				t.Fatalf("%+v in a report of %d bytes", x, n)
			}
			report := make([]byte, n)
			x.SetNumber(report, 1)
			if got, ok := x.Number(report); !ok || got != 1 {
				t.Fatalf("%+v was set to 1 and read as %d, %v", x, got, ok)
			}
			if data, ok := x.Bytes(report); !ok || len(data) != x.Bits()/8 {
				t.Fatalf("%+v gave %d bytes, %v", x, len(data), ok)
			}
		}
	})
}
