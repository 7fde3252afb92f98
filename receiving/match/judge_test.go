package match_test

import (
	"testing"
	"time"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/scanner/barcode"
)

const (
	ean  = "6901234567892"
	imei = "490154203237518"
)

func piece(data string) match.Piece { return match.Of(barcode.Read(data, "")) }

func TestOf(t *testing.T) {
	for _, tc := range []struct {
		data, aim string
		want      func(match.Piece) bool
	}{
		{ean, "]E0", func(p match.Piece) bool { return p.Codes[0] == "0"+ean && p.GTIN && !p.Box && p.Serial == "" }},
		{"036000291452", "", func(p match.Piece) bool { return p.Codes[0] == "00036000291452" }},
		{"16901234567899", "", func(p match.Piece) bool { return p.Box && p.PieceLike() }},
		{"106141412345678908", "]C1", func(p match.Piece) bool { return !p.GTIN }},
		{imei, "]C0", func(p match.Piece) bool { return p.Serial == imei && p.Phone && p.PieceLike() }},
		{"(01)06901234567892(21)A1(10)L7(17)261231", "", func(p match.Piece) bool {
			return p.Serial == "A1" && p.Batch == "L7" && p.Expiry == "2026-12-31" && p.Codes[0] == "0"+ean && !p.Phone
		}},
		{" OWN-1 ", "", func(p match.Piece) bool { return p.Codes[0] == "OWN-1" && p.Bare == "OWN-1" && !p.PieceLike() }},
	} {
		if p := match.Of(barcode.Read(tc.data, tc.aim)); !tc.want(p) {
			t.Errorf("Of(%q, %q) = %+v", tc.data, tc.aim, p)
		}
	}
}

// A piece goes to an open line before a full one, to the earliest platform deadline, then to the oldest line.
func TestAwaitedPicksTheLine(t *testing.T) {
	soon, late := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	line := func(received int, deadline time.Time) match.Line {
		return match.Line{SKU: 1, Codes: []string{"0" + ean}, Expected: 1, Received: received, Deadline: deadline}
	}
	for _, tc := range []struct {
		name  string
		lines []match.Line
		want  int
		found receiving.Finding
	}{
		{"oldest", []match.Line{line(0, time.Time{}), line(0, time.Time{})}, 0, receiving.Match},
		{"deadline before none", []match.Line{line(0, time.Time{}), line(0, late)}, 1, receiving.Match},
		{"earlier deadline", []match.Line{line(0, late), line(0, soon)}, 1, receiving.Match},
		{"same deadline, oldest", []match.Line{line(0, soon), line(0, soon)}, 0, receiving.Match},
		{"open before urgent", []match.Line{line(0, late), line(1, soon)}, 0, receiving.Match},
		{"all full", []match.Line{line(1, late), line(1, soon)}, 1, receiving.Over},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j, ok := match.Awaited(tc.lines, piece(ean))
			if !ok || j.Line != tc.want || j.Finding != tc.found {
				t.Errorf("%+v, %v; want line %d %s", j, ok, tc.want, tc.found)
			}
			if (j.Next == match.PlusOne) != (tc.found == receiving.Over) {
				t.Errorf("next %q", j.Next)
			}
		})
	}
	if _, ok := match.Awaited([]match.Line{{SKU: 1, Codes: []string{"0" + ean}}}, piece(ean)); ok {
		t.Error("a line that awaits nothing awaited a piece")
	}
}

func TestJudge(t *testing.T) {
	sku := func(i id.SKU, owner id.Owner, product string) catalogue.SKU {
		return catalogue.SKU{ID: i, OwnerID: owner, Product: product}
	}
	hit := func(s catalogue.SKU) []catalogue.Hit { return []catalogue.Hit{{SKU: s, Kind: catalogue.GTIN}} }
	scope := match.Scope{Owner: 1, Ordered: []id.SKU{1, 2}, Lines: []match.Line{{SKU: 1, Product: "tee", Expected: 2, Codes: []string{"A"}}}}
	phones := match.Scope{Owner: 1, Lines: []match.Line{{SKU: 5, Tracked: true, Expected: 1, Serials: []string{"S1"}}}}
	two := match.Scope{Owner: 1, Lines: append(phones.Lines[:1:1], match.Line{SKU: 6, Tracked: true, Expected: 1, Serials: []string{"S2"}})}
	free := match.Scope{Owner: 1, Lines: []match.Line{{SKU: 5, Tracked: true, Expected: 1}}}
	for _, tc := range []struct {
		name  string
		scope match.Scope
		piece match.Piece
		hits  []catalogue.Hit
		want  receiving.Finding
		next  match.Next
		line  int
	}{
		{"a code learned meanwhile", scope, piece("B"), hit(sku(1, 1, "tee")), receiving.Match, "", 0},
		{"on the order", scope, piece("B"), hit(sku(2, 1, "tee")), receiving.Undeclared, "", -1},
		{"same product", scope, piece("B"), hit(sku(3, 1, "tee")), receiving.WrongSpec, "", 0},
		{"another product", scope, piece("B"), hit(sku(4, 1, "mug")), receiving.WrongItem, "", -1},
		{"products without a group are not kin", match.Scope{Owner: 1, Lines: []match.Line{{SKU: 1, Expected: 1}}}, piece("B"), hit(sku(4, 1, "")), receiving.WrongItem, "", -1},
		{"another owner", scope, piece("B"), hit(sku(9, 2, "tee")), receiving.OtherSeller, "", -1},
		{"carton", scope, piece("B"), []catalogue.Hit{{SKU: sku(1, 1, "tee"), Kind: catalogue.Carton}}, "", match.ScanTag, -1},
		{"pallet", scope, piece("16901234567899"), nil, "", match.ScanTag, -1},
		{"nobody knows it", scope, piece("B"), nil, receiving.UnknownItem, "", -1},
		{"no owner", match.Scope{}, piece("B"), hit(sku(4, 1, "mug")), receiving.Unclaimed, "", -1},
		{"no owner, no name", match.Scope{}, piece("B"), nil, receiving.Unclaimed, "", -1},
		{"foreign IMEI", phones, piece(imei), nil, receiving.SerialMismatch, "", 0},
		{"foreign IMEI of one of two products", two, piece(imei), nil, receiving.SerialMismatch, "", -1},
		{"IMEI where none were recorded", free, piece(imei), nil, receiving.Match, "", 0},
		{"IMEI where no phone is awaited", scope, piece(imei), nil, receiving.UnknownItem, "", -1},
		{"asked for a serial", match.Scope{Owner: 1, Asked: 5, Lines: phones.Lines}, piece("S9"), nil, receiving.SerialMismatch, "", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if j := match.Judge(tc.scope, tc.piece, tc.hits); j.Finding != tc.want || j.Next != tc.next || j.Line != tc.line {
				t.Errorf("%+v, want %s %q line %d", j, tc.want, tc.next, tc.line)
			}
		})
	}
	both := []catalogue.Hit{{SKU: sku(1, 1, "tee"), Kind: catalogue.GTIN}, {SKU: sku(9, 2, "tee"), Kind: catalogue.GTIN}}
	if j := match.Judge(match.Scope{}, piece("B"), both); j.SKU != nil {
		t.Errorf("sold by two owners, given to %d", j.SKU.OwnerID)
	}
}
