package agent

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
	"github.com/backdock/backdock/scanner/expected"
	"github.com/backdock/backdock/scanner/wire"
)

const (
	teeGTIN   = "6901234567892"
	phoneGTIN = "6901234567908"
	hatGTIN   = "6901234567915"
	alienGTIN = "6901234567922" // a product that nobody awaits
)

var someDay = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// sums makes keys and codes of a feed.
type sums struct{ *wire.Hasher }

func (h sums) key(role wire.Role, text string) wire.ExpectedKey {
	kind := wire.SumWaybill
	if role == wire.RoleCase || role == wire.RoleOrder {
		kind = wire.SumNumber
	}
	return wire.ExpectedKey{Role: role, Sum: h.Sum(kind, text)}
}

func (h sums) codes(codes ...string) (out []uint64) {
	for _, c := range codes {
		out = append(out, h.Sum(wire.SumCode, c))
	}
	return out
}

// awaitedPage is a small warehouse: case 1 awaits two shirts, case 2 a phone with a serial and a shirt, case 3 a hat although it is over, parcel 4 comes back
// whole with a hat, cases 5 and 6 of one order a shirt and a hat.
func awaitedPage(token string) wire.ExpectedPage {
	h := sums{wire.NewHasher(token)}
	tee := func(n uint64) wire.ExpectedLine { return wire.ExpectedLine{SKU: 1, Count: n} }
	hat := wire.ExpectedLine{SKU: 3, Count: 1}
	return wire.ExpectedPage{Begin: true, Complete: true, Cursor: "1",
		SKUs: []wire.ExpectedSKU{{ID: 1, Codes: h.codes("0"+teeGTIN, "OWN-TEE", "TEE-L")}, {ID: 2, Codes: h.codes("0"+phoneGTIN, "PHONE")}, {ID: 3, Codes: h.codes("0"+hatGTIN, "HAT")}},
		Returns: []wire.ExpectedReturn{
			{Ref: 1, Keys: []wire.ExpectedKey{h.key(wire.RoleReturn, "SF1000000000001"), h.key(wire.RoleOutbound, "SF9000000000001"), h.key(wire.RoleCase, "C1"), h.key(wire.RoleOrder, "O1")}, Lines: []wire.ExpectedLine{tee(2)}},
			{Ref: 2, Keys: []wire.ExpectedKey{h.key(wire.RoleReturn, "SF1000000000002"), h.key(wire.RoleCase, "C2")},
				Lines: []wire.ExpectedLine{{SKU: 2, Count: 1, Serials: []uint64{h.Sum(wire.SumSerial, "SN-1")}}, tee(1)}},
			{Ref: 3, Over: true, Keys: []wire.ExpectedKey{h.key(wire.RoleReturn, "SF1000000000003")}, Lines: []wire.ExpectedLine{hat}},
			{Ref: 4, Keys: []wire.ExpectedKey{h.key(wire.RoleWhole, "SF9000000000004")}, Lines: []wire.ExpectedLine{hat}},
			{Ref: 5, Keys: []wire.ExpectedKey{h.key(wire.RoleReturn, "SF1000000000005"), h.key(wire.RoleOrder, "O5")}, Lines: []wire.ExpectedLine{tee(1)}},
			{Ref: 6, Keys: []wire.ExpectedKey{h.key(wire.RoleOrder, "O5")}, Lines: []wire.ExpectedLine{hat}},
		}}
}

func shadowOf(t *testing.T, page wire.ExpectedPage) *shadow {
	t.Helper()
	c, err := expected.Open(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Apply(page.Encode(), someDay); err != nil {
		t.Fatal(err)
	}
	s := newShadow(c, wire.NewHasher("token"))
	return &s
}

// scan judges "CODE" or "CODE!flag" and words the answer: code, what was received of what is expected, what is missing.
func (s *shadow) scan(text string) string {
	data, flag, _ := strings.Cut(text, "!")
	read := barcode.Decode([]byte(data))
	scan := scanner.Scan{Data: read.Data, Symbology: read.Symbology}
	if flag != "" {
		scan.Flags = []scanner.Flag{scanner.Flag(flag)}
	}
	a := s.judge(scan, barcode.Read(scan.Data, scan.Symbology))
	out := strings.TrimPrefix(string(a.Code), "provisional_")
	if a.Expected > 0 {
		out += fmt.Sprintf(" %d/%d", a.Received, a.Expected)
	}
	if a.Missing > 0 {
		out += fmt.Sprintf(" -%d", a.Missing)
	}
	return out
}

func TestShadow(t *testing.T) {
	t.Parallel()
	nothing := &scanner.BenchView{Version: 1, Kind: "receiving"}
	view := func(waybill string, lines ...scanner.LineView) *scanner.BenchView {
		return &scanner.BenchView{Version: 1, Kind: "receiving", Parcel: &scanner.ParcelView{Number: "P1", Owner: "轻羽", Waybill: waybill, Lines: lines}}
	}
	for _, tc := range []struct {
		name  string
		view  *scanner.BenchView
		steps string // scan = answer
	}{
		{"a parcel from waybill to DONE", nothing, "SF1000000000001 = parcel 0/2|]E0" + teeGTIN + " = match 1/2|OWN-TEE = match 2/2|]E0" + teeGTIN + " = enough 2/2|BD:DONE = closed 2/2|BD:DONE = nothing_open"},
		{"a carton number, a plate, a text", nothing, "SF1000000000001 = parcel 0/2|" + scanner.Plate(7) + " = unknown|whatever = unknown|" + alienGTIN + " = not_expected|HAT = not_expected|TEE-L = match 1/2"},
		{"short", nothing, "SF1000000000001 = parcel 0/2|TEE-L = match 1/2|BD:DONE = closed_short 1/2 -1|SF1000000000001 = received|C1 = parcel 0/1"},
		{"nothing taken out", nothing, "SF1000000000001 = parcel 0/2|BD:DONE = zero 0/2|TEE-L = match 1/2|BD:DONE = closed_short 1/2 -1"},
		{"closed, then by its numbers", nothing, "C1 = parcel 0/2|TEE-L = match 1/2|TEE-L = match 2/2|BD:DONE = closed 2/2|C1 = received|O1 = received|SF1000000000001 = received"},
		{"another parcel before the last is complete", nothing, "SF1000000000001 = parcel 0/2|TEE-L = match 1/2|SF1000000000003 = previous 0/2 -1|SF1000000000003 = parcel_over 0/1|HAT = match 1/1|SF1000000000002 = parcel 0/2"},
		{"a doubt is forgotten when something else is scanned", nothing, "SF1000000000001 = parcel 0/2|SF1000000000003 = previous 0/2 -2|TEE-L = match 1/2|SF1000000000003 = previous 0/2 -1|BD:PHOTO = unknown|SF1000000000003 = parcel_over 0/1"},
		{"an empty one goes back to the dock", nothing, "SF1000000000001 = parcel 0/2|SF1000000000003 = previous 0/2 -2|SF1000000000003 = parcel_over 0/1|HAT = match 1/1|SF1000000000001 = parcel 0/2"},
		{"an old label", nothing, "SF9000000000001 = old_label|SF9000000000001 = parcel 0/2|SF1000000000001 = parcel 0/2|TEE-L = match 1/2"},
		{"an old label while another is open", nothing, "SF1000000000003 = parcel_over 0/1|SF9000000000001 = old_label|SF9000000000001 = previous 0/1 -1|SF9000000000001 = parcel 0/2"},
		{"comes back whole", nothing, "SF9000000000004 = parcel 0/1|HAT = match 1/1|BD:DONE = closed 1/1"},
		{"two cases of one order in one box", nothing, "O5 = parcel 0/2|HAT = match 1/1|SF1000000000005 = parcel 0/2|TEE-L = match 1/1|BD:DONE = closed 2/2"},
		{"a phone by its code and serial", nothing, "SF1000000000002 = parcel 0/2|]E0" + phoneGTIN + " = scan_serial 0/1|SN-1 = match 1/1|SN-1 = twice|BD:UNDO = undone 0/1|SN-1 = match 1/1"},
		{"a phone that never went out", nothing, "SF1000000000002 = parcel 0/2|]E0" + phoneGTIN + " = scan_serial 0/1|SN-9 = not_expected|TEE-L = match 1/1"},
		{"a phone in one GS1 code", nothing, "SF1000000000002 = parcel 0/2|]d2010" + phoneGTIN + "21SN-2 = not_expected 0/1|]d2010" + phoneGTIN + "21SN-1 = match 1/1"},
		{"pieces before the waybill", nothing, "]E0" + teeGTIN + " = scan_waybill|HAT = scan_waybill|" + alienGTIN + " = scan_waybill|what = unknown|BD:DONE = nothing_open|SF1000000000001 = parcel 0/2"},
		{"a parcel that nobody awaits", nothing, "SF7777777777777 = unknown|" + teeGTIN + " = unknown|BD:DONE = unknown|SF7777777777777 = received|SF1000000000001 = parcel 0/2"},
		{"one that nobody awaits, empty", nothing, "SF7777777777777 = unknown|SF1000000000001 = previous|SF1000000000001 = parcel 0/2"},
		{"UNDO and +1", nothing, "SF1000000000001 = parcel 0/2|TEE-L = match 1/2|BD:UNDO = undone 0/2|TEE-L = match 1/2|TEE-L = match 2/2|TEE-L = enough 2/2|BD:+1 = extra 2/2|BD:+1 = unknown|BD:UNDO = undone|BD:UNDO = undone 1/2|BD:DONE = closed_short 1/2 -1"},
		{"read twice", nothing, "SF1000000000001 = parcel 0/2|TEE-L = match 1/2|TEE-L!double_read = twice|TEE-L!repeat_after_restart = twice|TEE-L = match 2/2"},
		{"damaged", nothing, "SF1000000000001!damaged = unknown|TEE-L = scan_waybill"},
		{"held, empty, no label", nothing, "SF1000000000001 = parcel 0/2|BD:HOLD = unknown|TEE-L = scan_waybill|SF1000000000001 = parcel 0/2|BD:EMPTY = unknown|BD:DONE = nothing_open|BD:NO-LABEL = unknown|TEE-L = unknown|BD:DONE = unknown"},
		{"what only the server can follow", nothing, "SF1000000000001 = parcel 0/2|BD:RESUME = unknown|TEE-L = unknown|C2 = parcel 0/2|TEE-L = match 1/1"},
		{"a dock, whose parcels nobody opens", &scanner.BenchView{Version: 1, Kind: "dock"}, "SF1000000000001 = unknown|SF1000000000001!double_read = twice|TEE-L = unknown|BD:DONE = unknown"},
		{"after a restart without a view", nil, "TEE-L = unknown|BD:DONE = unknown|TEE-L = unknown|SF1000000000001 = parcel 0/2|TEE-L = match 1/2"},
		{"from an open parcel of the view", view("SF1000000000001", scanner.LineView{ID: "1", SKU: "TEE-L", Code: teeGTIN, Expected: 2, Received: 1}),
			"OWN-TEE = match 2/2|" + teeGTIN + " = enough 2/2|HAT = not_expected|BD:DONE = closed 2/2|SF1000000000001 = received|O1 = received"},
		{"serials of a view's parcel", view("SF1000000000002", scanner.LineView{ID: "1", SKU: "PHONE", Code: phoneGTIN, Expected: 1}), "SN-1 = match 1/1"},
		{"UNDO of what the view holds", view("SF1000000000001", scanner.LineView{ID: "1", SKU: "TEE-L", Code: teeGTIN, Expected: 2, Received: 1, Last: true}),
			"BD:UNDO = undone 0/2|TEE-L = match 1/2|BD:UNDO = undone 0/2|BD:UNDO = unknown|TEE-L = unknown|BD:DONE = unknown|SF1000000000002 = parcel 0/2"},
		{"UNDO of what the view does not tell", view("SF1000000000001", scanner.LineView{ID: "1", SKU: "TEE-L", Code: teeGTIN, Expected: 2, Received: 1}), "BD:UNDO = unknown|TEE-L = unknown|SF1000000000002 = parcel 0/2"},
		{"a view of another kind of bench", &scanner.BenchView{Version: 1, Kind: "qc"}, "TEE-L = unknown"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := shadowOf(t, awaitedPage("token"))
			s.reset(tc.view)
			for i, step := range strings.Split(tc.steps, "|") {
				code, want, _ := strings.Cut(step, " = ")
				if got := s.scan(code); got != want {
					t.Fatalf("step %d: %s is %q, want %q", i+1, code, got, want)
				}
			}
		})
	}
}
