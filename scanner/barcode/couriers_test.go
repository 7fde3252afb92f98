package barcode

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func courier(text string) string { return "version: 1\ncouriers:\n" + text }

const ownCourier = `  - carrier: own
    rules:
      - pattern: 'OW\d{10}'
        confidence: high
        inside: true
        packages: '/(\d+)/(\d+)'
        packages_confidence: high
        examples: [OW0123456789, OW0123456789/1/2]
`

func TestOwnCouriers(t *testing.T) {
	t.Parallel()
	c, err := StandardCouriers().With("own.yaml", []byte(courier(ownCourier+`  - carrier: sf
    rules:
      - pattern: 'SF\d{10}'
        confidence: medium
        examples: [SF0123456789]
  - carrier: zto
    rules: []
`)))
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(c)
	for in, want := range map[string]string{
		"ow 0123-456789":       "own high",
		"OW0123456789/2/3":     "own high 2/3",
		"x OW0123456789 y":     "own medium",
		"SF0123456789":         "sf medium",
		"SF1234567890123":      "",
		"75312345678901":       "",
		"YT1234567890123":      "yto high",
		"JD0123456789012-2-3-": "jd high 2/3",
	} {
		got := ""
		if w, ok := r.Read(in, "").Waybill(Low); ok {
			if got = fmt.Sprintf("%s %s", w.Carrier, w.Confidence); w.Parts > 0 {
				got += fmt.Sprintf(" %d/%d", w.Part, w.Parts)
			}
		}
		if got != want {
			t.Errorf("%s is %q, want %q", in, got, want)
		}
	}
	if got := r.Normalise("OW0123456789/2/3"); got != "OW0123456789" {
		t.Errorf("normalised to %s", got)
	}
	if _, ok := Read("OW0123456789", "").Waybill(Low); ok {
		t.Error("the built-in rules took over a rule of the file")
	}
}

func TestCouriersRefused(t *testing.T) {
	t.Parallel()
	rule := func(lines string) string {
		return courier("  - carrier: own\n    rules:\n      - " + strings.ReplaceAll(lines, "\n", "\n        ") + "\n")
	}
	for _, tc := range []struct{ name, file, want string }{
		{"empty", "", "own.yaml: empty"},
		{"no yaml", "version: [", "own.yaml: line 1: did not find"},
		{"no version", "couriers: []", "own.yaml:1: want version: 1"},
		{"other version", "version: 2", "own.yaml:1: want version: 1"},
		{"unknown field", "version: 1\ncourier: []", "own.yaml: unmarshal errors:\n  line 2: field courier not found"},
		{"wrong type", "version: 1\ncouriers: 7", "own.yaml: unmarshal errors:\n  line 2: cannot unmarshal"},
		{"carrier code", courier("  - carrier: S F\n"), `own.yaml:3: carrier "S F": want`},
		{"no carrier code", courier("  - rules: []\n"), `own.yaml:3: carrier "": want`},
		{"twice", courier(ownCourier + ownCourier), "own.yaml:11: carrier own stands twice"},
		{"no pattern", rule("confidence: high"), "own.yaml:5: carrier own, rule 1: pattern: want 1 to"},
		{"bad pattern", rule("pattern: 'OW('\nconfidence: high"), "own.yaml:5: carrier own, rule 1: pattern: error parsing regexp: missing closing )"},
		{"long pattern", rule("pattern: '" + strings.Repeat("A", 300) + "'"), "pattern: want 1 to"},
		{"huge repetition", rule(`pattern: '(\d{1000}){1000}'`), "invalid repeat count"},
		{"matches nothing", rule(`pattern: '\d*'`), "matches nothing at all"},
		{"confidence", rule("pattern: A\nconfidence: sure"), `own.yaml:6: carrier own, rule 1: confidence "sure"`},
		{"certain without check", rule("pattern: A\nconfidence: certain"), "own.yaml:6: carrier own, rule 1: certain is for"},
		{"check without certain", rule("pattern: A\nconfidence: low\ncheck: s10"), "certain is for"},
		{"check", rule("pattern: A\nconfidence: low\ncheck: mod7"), `own.yaml:7: carrier own, rule 1: check "mod7"`},
		{"packages without groups", rule("pattern: A\nconfidence: low\npackages: '-1'\npackages_confidence: low"), "own.yaml:7: carrier own, rule 1: packages needs two groups"},
		{"groups in the pattern", rule("pattern: '(A)'\nconfidence: low\npackages: '-(1)-(2)'\npackages_confidence: low"), "and the pattern none"},
		{"packages without confidence", rule("pattern: A\nconfidence: low\npackages: '-(1)-(2)'"), "packages_confidence"},
		{"confidence without packages", rule("pattern: A\nconfidence: low\npackages_confidence: low"), "own.yaml:7: carrier own, rule 1: packages_confidence without"},
		{"no examples", rule("pattern: A\nconfidence: low"), "no examples"},
		{"example that does not match", rule("pattern: 'A\\d{9}'\nconfidence: low\nexamples: [A123456789, A12]"), "own.yaml:7: carrier own, rule 1: example A12 does not match"},
		{"refused that matches", rule("pattern: 'A\\d{9}'\nconfidence: low\nexamples: [A123456789]\nrefuses: [a 123-456-789]"), "own.yaml:8: carrier own, rule 1: a 123-456-789 matches and must not"},
		{"digits inside", rule("pattern: '\\d{9}'\nconfidence: medium\ninside: true\nexamples: ['123456789']"), "own.yaml:7: carrier own, rule 1: inside: 123456789 is all digits"},
		{"too large", strings.Repeat("#", maxCouriersFile+1), "larger than"},
		{"too many rules", courier("  - carrier: own\n    rules:\n" + strings.Repeat("      - {pattern: A, confidence: low, examples: [A]}\n", maxRules+1)), "more than 500 rules"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c, err := StandardCouriers().With("own.yaml", []byte(tc.file))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, %v, want %q", c, err, tc.want)
			}
		})
	}
}

// A refused file leaves the rules as they were.
func TestWithLeavesTheOriginal(t *testing.T) {
	t.Parallel()
	before := len(StandardCouriers().order)
	if _, err := StandardCouriers().With("f", []byte(courier(ownCourier))); err != nil {
		t.Fatal(err)
	}
	if _, err := StandardCouriers().With("f", []byte(courier(ownCourier+"  - carrier: sf\n    rules: [{pattern: A}]\n"))); err == nil {
		t.Fatal("taken")
	}
	if n := len(StandardCouriers().order); n != before || len(Waybills("SF1234567890123")) != 1 || len(Waybills("OW0123456789")) != 0 {
		t.Fatalf("%d couriers, %d before", n, before)
	}
}

// The carrier codes of the code are those of the file.
func TestCarrierCodes(t *testing.T) {
	t.Parallel()
	want := []string{EMS, UPU, SF, YTO, JT, Deppon, JD, STO, ZTO, Yunda, ChinaPost}
	if got := StandardCouriers().order; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("file %v, code %v", got, want)
	}
}

func TestWaybillAsksRatherThanGuesses(t *testing.T) {
	t.Parallel()
	two, err := (&Couriers{}).With("f", []byte(courier(`  - carrier: aa
    rules: [{pattern: 'X\d{9}', confidence: high, examples: [X123456789]}]
  - carrier: bb
    rules: [{pattern: 'X\d{9}', confidence: high, examples: [X123456789]}]
`)))
	if err != nil {
		t.Fatal(err)
	}
	if w, ok := NewReader(two).Read("X123456789", "").Waybill(High); !ok || w.Carrier != "" || w.Number != "X123456789" {
		t.Errorf("one number of two couriers: %+v, %v", w, ok)
	}
	if w, ok := Read("SF1234567890123 SF3210987654321", "").Waybill(Low); ok {
		t.Errorf("two numbers: %+v", w)
	}
}

func TestMeanings(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ data, aim, want string }{
		{"9787111128069", "", "product 9787111128069 medium; waybill 9787111128069 chinapost low"},
		{"6901234567892", "]E0", "product 6901234567892 certain"},
		{"16901234567899", "]I1", "box 16901234567899 high"},
		{"773000000000004", "]C0", "waybill 773000000000004 sto medium"},
		{"490154203237518", "", "imei 490154203237518 medium"},
		{"106141412345678908", "]C0", "sscc 106141412345678908 medium"},
		{"010690123456789221A1", "]d2", "piece 6901234567892 A1 certain"},
		{"010690123456789210LOT717261231", "]d2", "product 6901234567892 certain; gs1_reading (01)06901234567892(10)LOT7(17)261231 medium; gs1_reading (01)06901234567892(10)LOT717261231 low"},
		{"01234558", "", "product 01234558 medium; product 0012345000058 low"},
		{"hello", "", ""},
	} {
		var got []string
		for _, m := range Read(tc.data, tc.aim).Meanings() {
			s := m.Kind + " " + m.Value
			if m.Carrier != "" {
				s += " " + m.Carrier
			}
			got = append(got, s+" "+m.Confidence.String())
		}
		if s := strings.Join(got, "; "); s != tc.want {
			t.Errorf("%q %q\ngot  %s\nwant %s", tc.data, tc.aim, s, tc.want)
		}
	}
}

// FuzzCouriers gives any file and any text: a file is refused with its name, or its rules hold what they promise.
func FuzzCouriers(f *testing.F) {
	own, err := os.ReadFile("couriers.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(own, "JD0123456789012-2-3-")
	f.Add([]byte(courier(ownCourier)), "see OW0123456789/1/2, thanks")
	f.Add([]byte("version: 1\ncouriers: [{carrier: aa, rules: [{pattern: '[A-Z]+', confidence: low, inside: true, examples: [ABCDEFGH]}]}]"), "https://x.cn/ABCDEFGH%2FABCDEFGH")
	f.Add([]byte("version: 1\ncouriers: &a [{carrier: aa, rules: []}]"), "ＳＦ１２３４５６７８９０１２３")
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		if len(file) > 8<<10 || len(text) > 8<<10 {
			return
		}
		c, err := StandardCouriers().With("file", file)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "file:") {
				t.Fatalf("error without its file: %v", err)
			}
			return
		}
		for i, w := range c.Waybills(text) {
			if w.Number == "" || w.Confidence < Low || w.Confidence > Certain || w.Inside && w.Confidence > Medium || w.Part > w.Parts || c.rules[w.Carrier] == nil {
				t.Fatalf("%q gave %+v", text, w)
			}
			if i > 0 && w.Confidence > c.Waybills(text)[i-1].Confidence {
				t.Fatalf("%q gave %v: not the surest first", text, c.Waybills(text))
			}
		}
		c.Normalise(text)
	})
}

// The example of the documentation is a file that is taken.
func TestDocumentedRules(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/barcodes.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, ok := strings.Cut(rest, "```")
	c, err := StandardCouriers().With("docs", []byte(example))
	if err != nil || !ok {
		t.Fatalf("%v\n%s", err, example)
	}
	if w := c.Waybills("OW0123456789/1/2"); len(w) != 1 || w[0].Parts != 2 {
		t.Errorf("%+v", w)
	}
}

func TestReaderFrom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	own, bad := filepath.Join(dir, "own.yaml"), filepath.Join(dir, "bad.yaml")
	if err := errors.Join(os.WriteFile(own, []byte(courier(ownCourier)), 0o600), os.WriteFile(bad, []byte("version: 1\ncouriers:\n  - carrier: S F\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	r, err := ReaderFrom(own)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Read("OW0123456789", "").Waybill(High); !ok {
		t.Error("the file's rule does not hold")
	}
	if r, err := ReaderFrom(""); err != nil || len(r.Read("SF1234567890123", "").Waybills) != 1 {
		t.Errorf("without a file: %v", err)
	}
	if _, err := ReaderFrom(bad); err == nil || !strings.Contains(err.Error(), "courier rules: "+bad+":3: carrier") {
		t.Errorf("a bad file gave %v", err)
	}
	if _, err := ReaderFrom(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "courier rules: ") {
		t.Errorf("no file gave %v", err)
	}
}
