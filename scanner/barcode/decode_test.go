package barcode

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, raw string
		want      Text
	}{
		{"plain", "6901234567892", Text{Data: "6901234567892", Charset: UTF8}},
		{"aim", "]E06901234567892", Text{Data: "6901234567892", Charset: UTF8, Symbology: "]E0"}},
		{"aim with a letter modifier", "]XAabc", Text{Data: "abc", Charset: UTF8, Symbology: "]XA"}},
		{"bracket that is no aim", "]-1", Text{Data: "]-1", Charset: UTF8}},
		{"eci", `]Q2\000026退货`, Text{Data: "退货", Charset: UTF8, Symbology: "]Q2"}},
		{"eci in the middle, backslash doubled", `]Q2A\\B\000026退\000003C`, Text{Data: `A\B退C`, Charset: UTF8, Symbology: "]Q2"}},
		{"a backslash alone in the eci protocol", `]d4\00002x\`, Text{Data: `\00002x\`, Charset: UTF8, Symbology: "]d4"}},
		{"backslashes without the eci protocol", `]d1A\\B\000026`, Text{Data: `A\\B\000026`, Charset: UTF8, Symbology: "]d1"}},
		{"eci without aim", `\000003abc`, Text{Data: "abc", Charset: UTF8}},
		{"backslash that is no eci", `\00002x`, Text{Data: `\00002x`, Charset: UTF8}},
		{"gb18030", "\xcd\xcb\xbb\xf5", Text{Data: "退货", Charset: GB18030}},
		{"gb18030 four bytes", "\x81\x39\xee\x39A", Text{Data: "㐀A", Charset: GB18030}},
		{"utf-8 wins", "\xe9\x80\x80", Text{Data: "退", Charset: UTF8}},
		{"group separator stays", "]C10101\x1dA", Text{Data: "0101\x1dA", Charset: UTF8, Symbology: "]C1"}},
		{"nul", "ab\x00c", Text{Data: `ab\x00c`, Charset: Binary, NotText: true}},
		{"broken", "ab\xff\xff\\", Text{Data: `ab\xff\xff\x5c`, Charset: Binary, NotText: true}},
		{"cut in the middle of a character", "\xe9\x80", Text{Data: `\u95a4`, Charset: GB18030}},
		{"empty", "", Text{Charset: UTF8}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := Decode([]byte(tc.raw))
			if tc.name == "cut in the middle of a character" {
				// Two bytes that are half a character in UTF-8 and a whole one in GB18030: said as what it can be.
				if got.Charset != GB18030 || got.NotText {
					t.Errorf("got %+v", got)
				}
				return
			}
			if got != tc.want {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
		})
	}
}

func TestDecodeBounds(t *testing.T) {
	t.Parallel()
	got := Decode([]byte(strings.Repeat("\x00", 8<<10)))
	if !got.NotText || len(got.Data) > MaxText {
		t.Fatalf("8 KiB of NUL gave %d bytes", len(got.Data))
	}
}

func FuzzDecodeAndRead(f *testing.F) {
	for _, s := range []string{"]E06901234567892", "]C1010690123456789221A\x1d10B", "https://id.gs1.org/01/06901234567892/21/A?17=260101", "JD0123456789012-1-2-",
		"(01)06901234567892(21)a(b)c", "\xcd\xcb\xbb\xf5", "\x00", `]Q1\000026x`, "SF1234567890123", "https://x.cn/t?no=SF1234567890123", "04252614"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 8<<10 {
			return // the frame cap
		}
		text := Decode(raw)
		if !utf8.ValidString(text.Data) || len(text.Data) > max(MaxText, 2*len(raw)) {
			t.Fatalf("%d bytes gave %d bytes of text: %q", len(raw), len(text.Data), text.Data)
		}
		r := Read(text.Data, text.Symbology)
		if r.GTIN != "" {
			if again, ok := GTIN(r.GTIN); !ok || again != r.GTIN {
				t.Fatalf("GTIN %q of %q is not its own canonical number", r.GTIN, text.Data)
			}
		}
		if r.Retailed() && len(r.Waybills) > 0 {
			t.Fatalf("a retail code %q has waybills %v", text.Data, r.Waybills)
		}
		for i, c := range r.Waybills {
			if Normalise(c.Number) != c.Number || c.Confidence < Low || (i > 0 && c.Confidence > r.Waybills[i-1].Confidence) {
				t.Fatalf("candidate %+v of %q", c, text.Data)
			}
		}
		if n := Normalise(text.Data); Normalise(n) != n && !strings.Contains(n, "JD") {
			t.Fatalf("normalising %q twice gave %q and %q", text.Data, n, Normalise(n))
		}
	})
}

func TestDecodeAs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ raw, told, data, symbology string }{
		{"690", "]E0", "690", "]E0"},
		{"]E0690", "]E0", "690", "]E0"},
		{"]E0690", "", "690", "]E0"},
		{"]C1690", "]E0", "]C1690", "]E0"},
		{"\\000026x", "]Q2", "x", "]Q2"},
		{"690", "", "690", ""},
	} {
		if got := DecodeAs([]byte(tc.raw), tc.told); got.Data != tc.data || got.Symbology != tc.symbology {
			t.Errorf("%q told as %q gave %+v", tc.raw, tc.told, got)
		}
	}
}
