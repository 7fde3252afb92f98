package barcode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner/gs1"
)

func TestGTIN(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"6901234567892", "6901234567892"},
		{"06901234567892", "6901234567892"},
		{"036000291452", "0036000291452"},   // UPC-A
		{"0036000291452", "0036000291452"},  // the same as EAN-13
		{"00036000291452", "0036000291452"}, // the same as GTIN-14
		{"96385074", "96385074"},
		{"0000096385074", "96385074"},
		{"16901234567899", "16901234567899"}, // carton: another trade item
		{"6901234567893", ""},
		{"690123456789", ""},
		{"00000000", ""},
		{"6901234x67892", ""},
		{"", ""},
	} {
		got, ok := GTIN(tc.in)
		if ok != (tc.want != "") || got != tc.want {
			t.Errorf("GTIN(%q) = %q, %v, want %q", tc.in, got, ok, tc.want)
		}
	}
}

// Examples of the GS1 General Specifications and of makers' manuals; each last digit of the suppression rule.
func TestUPCE(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"04252614", "0042100005264"},
		{"01234505", "0012000003455"},
		{"01234531", "0012300000451"},
		{"01234543", "0012340000053"},
		{"01234558", "0012345000058"},
		{"123455", "0012345000058"},
		{"1234558", "0012345000058"},
		{"01234559", ""},
		{"21234558", ""},
		{"12345", ""},
	} {
		got, ok := UPCE(tc.in)
		if ok != (tc.want != "") || got != tc.want {
			t.Errorf("UPCE(%q) = %q, %v, want %q", tc.in, got, ok, tc.want)
		}
		if ok && !gs1.Checked(got) {
			t.Errorf("UPCE(%q) = %q has a wrong check digit", tc.in, got)
		}
	}
}

func TestIMEI(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{"490154203237518": true, "356938035643809": true, "490154203237517": false, "49015420323751": false,
		"773000000000004": false /* Luhn holds, but no body issues 77: an STO waybill */} {
		if _, ok := IMEI(in); ok != want {
			t.Errorf("IMEI(%q) = %v, want %v", in, ok, want)
		}
	}
}

func TestS10(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{"RB123456785GB": true, "RB123456784GB": false, "EE876543216CN": true, "RB12345678GB": false, "rb123456785gb": false} {
		if got := S10(in); got != want {
			t.Errorf("S10(%q) = %v, want %v", in, got, want)
		}
	}
	// Each of the eleven remainders gives exactly one right digit.
	for n := range 2000 {
		right := 0
		for d := range 10 {
			if S10(fmt.Sprintf("EE%08d%dCN", n, d)) {
				right++
			}
		}
		if right != 1 {
			t.Fatalf("%08d has %d right check digits", n, right)
		}
	}
}

func TestWaybills(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		want string // carrier number confidence, joined
	}{
		{"SF1234567890123", "sf SF1234567890123 high"},
		{"sf 1234-5678 9012-3", "sf SF1234567890123 high"},
		{"ＳＦ１２３４５６７８９０１２３", "sf SF1234567890123 high"},
		{"SF123456789012", ""},
		{"YT1234567890123", "yto YT1234567890123 high"},
		{"JT1234567890123", "jt JT1234567890123 high"},
		{"EE876543216CN", "ems EE876543216CN certain"},
		{"EE876543217CN", ""},
		{"RB123456785GB", "upu RB123456785GB certain"},
		{"DPK123456789012", "deppon DPK123456789012 medium"},
		{"JD0123456789012", "jd JD0123456789012 medium"},
		{"JDVA12345678901", "jd JDVA12345678901 medium"},
		{"JD0123456789012-2-3-", "jd JD0123456789012 high 2/3"},
		{"JD0123456789012-4-3-", ""},
		{"773012345678901", "sto 773012345678901 medium"},
		{"75312345678901", "zto 75312345678901 low"},
		{"YD1234567890123", "yunda YD1234567890123 low"},
		{"4312345678901", "yunda 4312345678901 low"},
		{"9812345678901", "chinapost 9812345678901 low"},
		{"https://u.sf.cn/w?no=SF1234567890123&x=1", "sf SF1234567890123 medium inside"},
		{"HTTPS://M.EXAMPLE.CN/JD0123456789012-1-1-", "jd JD0123456789012 medium 1/1 inside"},
		{"https://example.cn/#/track/YT1234567890123", "yto YT1234567890123 medium inside"},
		{"https://example.cn/9812345678901", ""},
		{"mailto:SF1234567890123", "sf SF1234567890123 medium inside"},
		{"SF1234567890123,张三,13800000000,杭州", "sf SF1234567890123 medium inside"},
		{`{"mailNo":"YT1234567890123","w":1.25}`, "yto YT1234567890123 medium inside"},
		{"运单号：ＪＴ１２３４５６７８９０１２３ 2/3", "jt JT1234567890123 medium inside"},
		{"https://x.cn/a?u=https%3A%2F%2Fy.cn%2FSF1234567890123", "sf SF1234567890123 medium inside"},
		{"SF1234567890123 SF3210987654321", "sf SF1234567890123 medium inside; sf SF3210987654321 medium inside"},
		{"RB123456785GB;EE876543216CN", "upu RB123456785GB medium inside; ems EE876543216CN medium inside"},
		{"no 773012345678901 here", ""},
		{"XSF1234567890123", ""},
		{"SF1234567890123X", ""},
		{"6901234567892", ""},
		{"", ""},
	} {
		var got []string
		for _, c := range Waybills(tc.in) {
			s := fmt.Sprintf("%s %s %s", c.Carrier, c.Number, c.Confidence)
			if c.Parts > 0 {
				s += fmt.Sprintf(" %d/%d", c.Part, c.Parts)
			}
			if c.Inside {
				s += " inside"
			}
			got = append(got, s)
		}
		if s := strings.Join(got, "; "); s != tc.want {
			t.Errorf("Waybills(%q) = %s, want %s", tc.in, s, tc.want)
		}
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{" sf 123–456 ": "SF123456", "JD0123456789012-2-3-": "JD0123456789012", "ｙｔ１": "YT1", "运单-1": "运单1", "A　B": "AB"} {
		if got := Normalise(in); got != want {
			t.Errorf("Normalise(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, data, aim string
		check           func(Reading) bool
	}{
		{"ean-13", "6901234567892", "]E0", func(r Reading) bool { return r.GTIN == "6901234567892" && r.Retailed() && r.Waybills == nil }},
		{"ean-13 without aim", "6901234567892", "", func(r Reading) bool { return r.GTIN == "6901234567892" && !r.Retailed() }},
		{"upc-a", "036000291452", "]E0", func(r Reading) bool { return r.GTIN == "0036000291452" }},
		{"ean-8", "96385074", "]E4", func(r Reading) bool { return r.GTIN == "96385074" && r.Retailed() }},
		{"upc-e with aim", "04252614", "]E0", func(r Reading) bool { return r.GTIN == "0042100005264" }},
		{"upc-e without aim", "04252614", "", func(r Reading) bool { return r.GTIN == "0042100005264" && r.OtherGTIN == "" }},
		{"itf-14 carton", "16901234567899", "]I0", func(r Reading) bool { return r.GTIN == "16901234567899" && r.Family == Linear && r.Carton }},
		{"book without aim may be a parcel", "9787111128069", "", func(r Reading) bool { return r.GTIN == "9787111128069" && r.Waybills[0].Carrier == ChinaPost }},
		{"book from its own bars is none", "9787111128069", "]E0", func(r Reading) bool { return r.GTIN == "9787111128069" && r.Waybills == nil }},
		{"imei", "490154203237518", "]C0", func(r Reading) bool { return r.IMEI != "" && r.GTIN == "" && r.Waybills == nil }},
		{"sto that holds luhn", "773000000000004", "]C0", func(r Reading) bool { return r.IMEI == "" && r.Waybills[0].Carrier == STO }},
		{"sscc", "106141412345678908", "]C0", func(r Reading) bool { return r.SSCC == "106141412345678908" }},
		{"sscc with ai", "00106141412345678908", "]C1", func(r Reading) bool { return r.SSCC == "106141412345678908" }},
		{"gs1-128", "010690123456789221A1B2\x1d1726123110L-7", "]C1", func(r Reading) bool {
			return r.GTIN == "6901234567892" && r.Serial == "A1B2" && r.Expiry == "2026-12-31" && r.Batch == "L-7"
		}},
		{"gs1 datamatrix, no aim", "010690123456789221A1B2\x1d10L", "", func(r Reading) bool { return r.Serial == "A1B2" && r.Batch == "L" }},
		{"gs1 day 00", "0106901234567892" + "17260200", "]d2", func(r Reading) bool { return r.Expiry == "2026-02-28" }},
		{"gs1 that lost its separator", "0106901234567892" + "21A1B2C3D4E5F6G7H8" + "10LOT1", "]d2", func(r Reading) bool {
			return r.Problem == GS1Ambiguous && r.Serial == "" && r.Batch == "" && r.GTIN == "6901234567892" && len(r.Ways) > 0 && r.Reason == "(21) ambiguous at 16"
		}},
		{"gs1 that lost one before a date", "0106901234567892" + "10LOT7" + "17261231", "]d2", func(r Reading) bool {
			return r.Problem == GS1Ambiguous && r.Batch == "" && r.Expiry == "" && len(r.Ways) == 2 && r.Ways[1].Likely
		}},
		{"gs1 with a wrong check digit", "0106901234567893", "]C1", func(r Reading) bool {
			return r.Problem == GS1Malformed && r.Reason == "(01) check_digit at 2" && r.GTIN == ""
		}},
		{"gs1 that contradicts itself", "0106901234567892" + "0206901234567892" + "3712", "]C1", func(r Reading) bool {
			return r.Problem == GS1Contradiction && r.GTIN == "" && r.Count == 0 && len(r.GS1) == 3 && r.Reason == "(01) bars (37)"
		}},
		{"gs1 that lacks its partner", "10L7", "]d2", func(r Reading) bool { return r.Problem == "" && r.Batch == "L7" && r.Breaches[0].Kind == gs1.Needs }},
		{"gs1 with ECI", "010690123456789221A", "]Q4", func(r Reading) bool { return r.Serial == "A" && r.GTIN != "" }},
		{"gs1 dotcode", "010690123456789221A", "]J1", func(r Reading) bool { return r.Serial == "A" }},
		{"databar", "0106901234567892", "]e0", func(r Reading) bool { return r.GTIN == "6901234567892" && r.Retailed() }},
		{"databar of variable weight", "0190614141000015" + "3202000150", "]e0", func(r Reading) bool {
			return r.GTIN == "90614141000015" && *r.Weight == Weight{Value: "1.50", Unit: "lb"} && !r.Carton
		}},
		{"weight and price", "0106901234567892" + "3103000500" + "39321561299", "]e0", func(r Reading) bool {
			return *r.Weight == Weight{Value: "0.500", Unit: "kg"} && *r.Price == Price{Amount: "12.99", Currency: "156"}
		}},
		{"net weight before gross", "0106901234567892" + "3302001234" + "3101000010" + "3922500", "]C1", func(r Reading) bool {
			return *r.Weight == Weight{Value: "1.0", Unit: "kg"} && *r.Price == Price{Amount: "5.00"}
		}},
		{"contents of a box", "00106141412345678908" + "02" + "06901234567892" + "3712", "]C1", func(r Reading) bool {
			return r.SSCC == "106141412345678908" && r.GTIN == "6901234567892" && r.Carton && r.Count == 12
		}},
		{"expiry to the minute", "0106901234567892" + "7003" + "2612312359", "]d2", func(r Reading) bool { return r.Expiry == "2026-12-31" }},
		{"best before", "0106901234567892" + "15270100", "]d2", func(r Reading) bool { return r.BestBefore == "2027-01-31" && r.Expiry == "" }},
		{"two phones in one", "0106901234567892" + "21S" + "\x1d" + "8040490154203237518" + "\x1d" + "8041356938035643809", "]d2", func(r Reading) bool {
			return r.IMEI == "490154203237518" && r.IMEI2 == "356938035643809" && r.Serial == "S"
		}},
		{"imei element with a wrong digit", "0106901234567892" + "21S" + "\x1d" + "8040490154203237517", "]d2", func(r Reading) bool { return r.IMEI == "" && r.Serial == "S" }},
		{"fnc1 before a courier's number", "SF1234567890123", "]C1", func(r Reading) bool {
			c, ok := r.Waybill(High)
			return ok && c.Carrier == SF && r.Problem == GS1Malformed
		}},
		{"no aim id, fixed elements only", "010690123456789217261231", "", func(r Reading) bool { return r.GTIN == "6901234567892" && r.Expiry == "2026-12-31" && r.Problem == "" }},
		{"no aim id, an open end", "010690123456789221A1B2", "", func(r Reading) bool {
			return r.GTIN == "6901234567892" && r.Serial == "" && r.Problem == GS1Ambiguous && len(r.Ways) == 1 && r.Ways[0].Elements[0].Value == "A1B2"
		}},
		{"digits that only begin like elements", "0106901234567893", "", func(r Reading) bool { return r.GTIN == "" && r.Problem == "" && r.GS1 == nil }},
		{"text that only begins like elements", "0106901234567892 x", "", func(r Reading) bool { return r.GTIN == "" && r.Problem == "" }},
		{"magazine with issue", "977204966001902", "]E3", func(r Reading) bool { return r.GTIN == "9772049660019" && r.AddOn == "02" }},
		{"add-on alone", "51299", "]E2", func(r Reading) bool { return r.GTIN == "" && r.AddOn == "51299" }},
		{"itf-14 whose check digit stayed behind", "1690123456789", "]I3", func(r Reading) bool { return r.GTIN == "16901234567899" && r.Carton }},
		{"itf-14 of a single piece", "06901234567892", "]I1", func(r Reading) bool { return r.GTIN == "6901234567892" && !r.Carton }},
		{"in-store number", "2112345678900", "]E0", func(r Reading) bool { return r.GTIN == "2112345678900" && r.InStore }},
		{"in-store upc", "0212345000007", "]E0", func(r Reading) bool { return r.InStore }},
		{"as printed", "(01)06901234567892(21)A(1)(10)L", "", func(r Reading) bool { return r.GTIN == "6901234567892" && r.Serial == "A(1)" && r.Batch == "L" }},
		{"digital link", "https://brand.example/shop/01/06901234567892/21/A%2F1?17=261231", "]Q1", func(r Reading) bool {
			return r.GTIN == "6901234567892" && r.Serial == "A/1" && r.Expiry == "2026-12-31" && r.Waybills == nil
		}},
		{"plain link", "https://brand.example/01/hello", "]Q1", func(r Reading) bool { return r.GS1 == nil && r.Problem == "" && !r.Link }},
		{"digital link with a wrong check digit", "https://brand.example/01/06901234567893", "]Q1", func(r Reading) bool { return r.Problem == GS1Malformed && r.GTIN == "" }},
		{"digital link with its serial in the query", "https://brand.example/01/06901234567892?21=A", "]Q1", func(r Reading) bool {
			return r.Problem == GS1Malformed && r.Reason == "(21) belongs_in_path at 40" && r.Serial == ""
		}},
		{"label qr", "https://u.example/?m=YT1234567890123", "]Q1", func(r Reading) bool { c, ok := r.Waybill(Medium); return ok && c.Number == "YT1234567890123" }},
		{"own code", "HZ-TEE-BLK-L", "]C0", func(r Reading) bool { return r.GTIN == "" && r.Waybills == nil && r.IMEI == "" }},
		{"waybill in code 128", "SF1234567890123", "]C0", func(r Reading) bool { _, ok := r.Waybill(High); return ok }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if r := Read(tc.data, tc.aim); !tc.check(r) {
				t.Errorf("Read(%q, %q) = %+v", tc.data, tc.aim, r)
			}
		})
	}
}
