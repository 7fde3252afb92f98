package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// scene is a bench in front of a box: an order of two black L tees and a cap, a case for the tees, other goods of the shop.
type scene struct {
	*receivingtest.Site
	*receivingtest.Hand
	order receivingtest.Order
}

const (
	tee = iota + 1
	hat
	teeXL
	mug
	foreign
)

func gtin(n int) string { return receivingtest.GTIN(n) }

func newScene(s *receivingtest.Site) *scene {
	black := s.SKU("TEE-L", gtin(tee), "OWN-TEE-L")
	hat := s.SKU("CAP-U", gtin(hat))
	s.SKU("TEE-XL", gtin(teeXL))
	s.SKU("MUG-1", gtin(mug), "CTN-MUG")
	other, _ := s.Merchant("OTHER", "JD9")
	s.SKUOf(other, "SOAP-1", gtin(foreign))
	c := &scene{Site: s, order: s.Order("1001", black, black, hat)}
	s.Case("C1", c.order, []string{way}, receivingtest.Back{Line: 0, Quantity: 2})
	c.Hand = s.Hand(s.Bench(3))
	return c
}

// story is what happens at a bench, a line per scan.
type story struct{ name, text string }

func (s story) title() string { return s.name }

// each runs fn on a scene of its own on both databases.
func each(t *testing.T, fn func(t *testing.T, s *scene)) {
	testkit.Each(t, func(t *testing.T, d *db.DB) { fn(t, newScene(receivingtest.New(t, d))) })
}

// stories runs fn once per story on an emptied database, on both databases.
func stories[T any](t *testing.T, cases []T, name func(T) string, fn func(t *testing.T, s *receivingtest.Site, tc T)) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		for _, tc := range cases {
			t.Run(name(tc), func(t *testing.T) {
				receivingtest.Wipe(t, d)
				fn(t, receivingtest.New(t, d), tc)
			})
		}
	})
}

// run scans "code → outcome" lines: what a person at the bench would read.
func (s *scene) run(story string) (last scanner.Outcome) {
	s.T.Helper()
	for line := range strings.Lines(story) {
		data, want, ok := strings.Cut(strings.TrimSpace(line), " → ")
		data = strings.NewReplacer("{parcel}", last.Parcel, "{tee}", gtin(tee)).Replace(data)
		if ok {
			last = s.Want(data, scanner.Code(want))
		}
	}
	return last
}

// finding is a row of domain.md's table: what was scanned before, the scan, and what becomes of the piece.
type finding struct {
	name, story, data string
	code              scanner.Code
	finding, account  string // empty: nothing is booked
	title             string
	tone              scanner.Tone
	tote              scanner.Tote
}

const (
	opened = way + " → parcel_opened\n"
	full   = opened + "{tee} → matched\n{tee} → matched\n"
)

var findings = []finding{
	{"match", opened, gtin(tee), scanner.CodeMatched, "match", "quarantine", "ours", scanner.ToneOK, scanner.BlueTote},
	{"match by own code", opened, "OWN-TEE-L", scanner.CodeMatched, "match", "quarantine", "ours", scanner.ToneOK, scanner.BlueTote},
	{"match by SKU code", opened, "TEE-L", scanner.CodeMatched, "match", "quarantine", "ours", scanner.ToneOK, scanner.BlueTote},
	{"over", full, gtin(tee), scanner.CodeOver, "", "", "", scanner.ToneMid, scanner.NoTote},
	{"extra", full + "{tee} → over\n", "BD:+1", scanner.CodeExtra, "extra", "quarantine", "ours", scanner.ToneMid, scanner.YellowTote},
	{"undeclared", opened, gtin(hat), scanner.CodeUndeclared, "undeclared", "quarantine", "ours", scanner.ToneMid, scanner.YellowTote},
	{"wrong spec", opened, gtin(teeXL), scanner.CodeWrongSpec, "wrong_spec", "custody", "buyer", scanner.ToneLow, scanner.RedTote},
	{"wrong item", opened, gtin(mug), scanner.CodeWrongItem, "wrong_item", "custody", "buyer", scanner.ToneLow, scanner.RedTote},
	{"other seller", opened, gtin(foreign), scanner.CodeOtherSeller, "other_seller", "custody", "unknown", scanner.ToneLow, scanner.RedTote},
	{"unknown item", opened, gtin(99), scanner.CodeUnknownItem, "unknown_item", "custody", "unknown", scanner.ToneLow, scanner.RedTote},
	{"counterfeit", opened + "{tee} → matched\n", "BD:CONDITION:counterfeit", scanner.CodeCounterfeit, "counterfeit", "custody", "buyer", scanner.ToneLow, scanner.RedTote},
	{"counterfeit that nobody declared", opened + gtin(hat) + " → undeclared\n", "BD:CONDITION:counterfeit", scanner.CodeCounterfeit, "counterfeit", "custody", "buyer", scanner.ToneLow, scanner.RedTote},
	{"damaged", opened + "{tee} → matched\n", "BD:CONDITION:damaged", scanner.CodeConditionSet, "damaged", "quarantine", "ours", scanner.ToneMid, scanner.YellowTote},
	{"accessory missing", opened + "{tee} → matched\n", "BD:CONDITION:accessory_missing", scanner.CodeConditionSet, "accessory_missing", "quarantine", "ours", scanner.ToneMid, scanner.YellowTote},
	{"junk", opened, "BD:JUNK", scanner.CodeJunkNoted, "", "", "", scanner.ToneLow, scanner.NoTote},
	{"empty box", opened, "BD:EMPTY", scanner.CodeEmptyConfirmed, "", "", "", scanner.ToneDone, scanner.NoTote},
	{"short", opened + "{tee} → matched\n", "BD:DONE", scanner.CodeClosedShort, "", "", "", scanner.ToneMid, scanner.NoTote},
	{"unclaimed", "BD:NO-LABEL → owner_unknown_opened\n", gtin(mug), scanner.CodeUnclaimed, "unclaimed", "custody", "unknown", scanner.ToneMid, scanner.RedTote},
	{"unclaimed and unknown", "BD:NO-LABEL → owner_unknown_opened\n", gtin(99), scanner.CodeUnclaimed, "unclaimed", "custody", "unknown", scanner.ToneMid, scanner.RedTote},
	{"carton", opened, "CTN-MUG", scanner.CodeScanTheTag, "", "", "", scanner.ToneMid, scanner.NoTote},
	{"carton by its indicator", opened, "16901234567899", scanner.CodeScanTheTag, "", "", "", scanner.ToneMid, scanner.NoTote},
	{"pallet", opened, "106141412345678908", scanner.CodeScanTheTag, "", "", "", scanner.ToneMid, scanner.NoTote},
}

// The findings of domain.md, each with its code, verdict, tone, tote and the account the goods go to.
func TestFindings(t *testing.T) {
	stories(t, findings, func(f finding) string { return f.name }, func(t *testing.T, site *receivingtest.Site, tc finding) {
		s := newScene(site)
		s.run(tc.story)
		before := receivingtest.One[int](s.Site, "SELECT count(*) FROM units")
		o := s.Want(tc.data, tc.code)
		s.checkBooks()
		if o.Tone != tc.tone || o.Tote != tc.tote {
			t.Errorf("tone %s tote %q, want %s %q", o.Tone, o.Tote, tc.tone, tc.tote)
		}
		marks := strings.HasPrefix(tc.data, "BD:CONDITION")
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM units") - before; (n == 1) != (tc.finding != "" && !marks) {
			t.Fatalf("%d units booked", n)
		}
		if tc.finding == "" {
			return
		}
		type unit struct {
			Finding, Account, Title string
			ValueMinor              int64
		}
		u := receivingtest.One[unit](s.Site, "SELECT finding, account, title, value_minor FROM units WHERE plate = ?", plateOf(o))
		want := unit{tc.finding, tc.account, tc.title, 5_000}
		if tc.account == "custody" {
			want.ValueMinor = 0
		}
		if u != want {
			t.Errorf("unit %+v, want %+v", u, want)
		}
	})
}

// decisions are the rows of domain.md's decision order, each a story at one bench.
var decisions = []story{
	{"an awaited code beats a waybill of the same digits", way + " → parcel_opened\n9812345678908 → matched"},
	{"case number opens", "C1 → parcel_opened"},
	{"order number opens its case", "1001 → parcel_opened"},
	{"order without a case is received in advance", "1002 → parcel_opened\n" + gtin(mug) + " → undeclared\nBD:DONE → closed"},
	{"the same waybill again changes nothing", way + " → parcel_opened\n" + gtin(tee) + " → matched\n" + way + " → parcel_opened"},
	{"closed is received already", way + " → parcel_opened\n" + gtin(tee) + " → matched\n" + gtin(tee) + " → matched\nBD:DONE → closed\n" + way + " → already_received"},
	{"a second number is another label", way + " → parcel_opened\nSF0000000000002 → alias_added\nSF0000000000002 → parcel_opened"},
	{"piece without a parcel waits", gtin(tee) + " → scan_waybill_first\nOWN-TEE-L → scan_waybill_first\n490154203237518 → scan_waybill_first\n" + gtin(99) + " → scan_waybill_first"},
	{"unknown waybill opens a parcel of unknown owner", "YT1234567890123 → owner_unknown_opened\n" + gtin(tee) + " → unclaimed\nBD:DONE → closed\nYT1234567890123 → already_received"},
	{"a label's QR opens as its bars do, and is the same parcel", "https://x.cn/?no=YT1234567890123 → owner_unknown_opened\nYT1234567890123 → owner_unknown_opened\n" + gtin(tee) + " → unclaimed\nBD:DONE → closed\nhttps://x.cn/?no=YT1234567890123 → already_received"},
	{"two waybills in one text are a question", "SF9000000000001;SF9000000000002 → unknown_code"},
	{"of two waybills in one text the known one counts", "SF9000000000001;" + way + " → parcel_opened"},
	{"anything else is unknown", "what-is-this → unknown_code\nBD:UNKNOWN-OWNER → owner_unknown_opened"},
	{"unknown code in a parcel is a piece", way + " → parcel_opened\nwhat-is-this → unknown_item"},
	{"previous open, then insist", way + " → parcel_opened\n" + gtin(tee) + " → matched\nSF0000000000003 → previous_open\nSF0000000000003 → parcel_opened\n" + way + " → already_received"},
	{"previous open, then another scan takes the doubt back", way + " → parcel_opened\n" + gtin(tee) + " → matched\nSF0000000000003 → previous_open\n" + gtin(hat) + " → undeclared\nSF0000000000003 → previous_open"},
	{"previous open, then DONE", way + " → parcel_opened\n" + gtin(tee) + " → matched\nSF0000000000003 → previous_open\nBD:DONE → closed_short\nSF0000000000003 → parcel_opened"},
	{"a complete parcel closes by itself", way + " → parcel_opened\n" + gtin(tee) + " → matched\n" + gtin(tee) + " → matched\nSF0000000000003 → parcel_opened\n" + way + " → already_received"},
	{"an untouched parcel goes back to the dock", way + " → parcel_opened\nSF0000000000003 → previous_open\nSF0000000000003 → parcel_opened\n" + way + " → previous_open\n" + way + " → parcel_opened"},
	{"unknown waybill while open", way + " → parcel_opened\n" + gtin(tee) + " → matched\nYT1234567890123 → previous_open\nYT1234567890123 → owner_unknown_opened"},
	{"old label, then insist", "SF0000000000010 → old_label\nSF0000000000010 → parcel_opened\n" + gtin(tee) + " → matched"},
	{"old label and previous open", way + " → parcel_opened\n" + gtin(tee) + " → matched\nSF0000000000011 → old_label\nSF0000000000011 → previous_open\nSF0000000000011 → parcel_opened"},
	{"refused comes back whole, without a case", "SF0000000000012 → parcel_opened\n" + gtin(mug) + " → matched\nBD:DONE → closed"},
	{"return beats outbound", "SF0000000000013 → parcel_opened\n" + gtin(tee) + " → matched"},
	{"several owners of a number: choose", "SF0000000000014 → choose\nBD:CHOOSE:9 → choice_invalid\nBD:CHOOSE:2 → parcel_opened"},
	{"chosen while another is open", way + " → parcel_opened\nSF0000000000014 → choose\nBD:CHOOSE:2 → previous_open\nBD:CHOOSE:2 → parcel_opened"},
	{"nothing to choose", "BD:CHOOSE:1 → choice_invalid"},
	{"none of them", "SF0000000000014 → choose\nBD:UNKNOWN-OWNER → owner_unknown_opened"},
	{"case over", "SF0000000000015 → case_over\n" + gtin(mug) + " → matched"},
	{"refunded already", "SF0000000000016 → refunded_already\n" + gtin(mug) + " → matched"},
	{"platform code on the box", way + " → parcel_opened\nPF998877665544 → scan_the_tag"},
	{"another warehouse, then insist", "SF0000000000017 → other_warehouse\nSF0000000000017 → parcel_opened"},
	{"parcel number", way + " → parcel_opened\nBD:HOLD → held\n{parcel} → parcel_held\nBD:RESUME → resumed"},
	{"hold and resume", way + " → parcel_opened\nBD:HOLD → held\n" + way + " → parcel_held\nBD:RESUME → resumed\n" + gtin(tee) + " → matched"},
	{"resume what was held last", way + " → parcel_opened\nBD:HOLD → held\nBD:RESUME → resumed"},
	{"empty", way + " → parcel_opened\nBD:DONE → zero_pieces\nBD:EMPTY → empty_confirmed\n" + way + " → already_received"},
	{"not empty", way + " → parcel_opened\n" + gtin(tee) + " → matched\nBD:EMPTY → not_empty"},
	{"junk, and nothing else", way + " → parcel_opened\nBD:JUNK → junk_noted\nBD:JUNK → junk_noted\nBD:DONE → closed_short\n" + way + " → already_received"},
	{"junk taken back", way + " → parcel_opened\nBD:JUNK → junk_noted\nBD:UNDO → undone\nBD:DONE → zero_pieces"},
	{"counterfeit leaves its place to a real one", full + "BD:CONDITION:counterfeit → counterfeit\n{tee} → matched\n{tee} → over\nBD:DONE → closed"},
	{"counterfeit taken back", full + "BD:CONDITION:counterfeit → counterfeit\nBD:UNDO → undone\n{tee} → over\nBD:DONE → closed"},
	{"hold for a reason", way + " → parcel_opened\nBD:HOLD:等主管 → held\nBD:RESUME → resumed"},
	{"short", way + " → parcel_opened\n" + gtin(tee) + " → matched\nBD:DONE → closed_short"},
	{"controls with nothing open", "BD:DONE → nothing_open\nBD:EMPTY → nothing_open\nBD:HOLD → nothing_open\nBD:RESUME → nothing_open\nBD:+1 → nothing_to_add\nBD:CONDITION:damaged → nothing_to_mark\nBD:UNDO → nothing_to_undo"},
	{"controls of other benches", "BD:PHOTO → nothing_open\nBD:EXCEPTION → nothing_open\nBD:GRADE:A → control_not_here\nBD:NONSENSE → control_unknown\nBD:CONDITION:perfect → control_unknown"},
	{"exception goes to the service desk", way + " → parcel_opened\n" + gtin(99) + " → unknown_item\nBD:EXCEPTION → exception_noted\nBD:CONDITION:dirty → condition_set\nBD:DONE → closed_short"},
	{"+1 only right after over", way + " → parcel_opened\n" + gtin(tee) + " → matched\n" + gtin(tee) + " → matched\n" + gtin(tee) + " → over\n" + gtin(hat) + " → undeclared\nBD:+1 → nothing_to_add"},
	{"badge", "BD:OPERATOR:right → operator_on\nBD:OPERATOR:wrong → badge_unknown\nBD:OPERATOR: → badge_unknown"},
	{"no plate", "U0000004567 → unknown_code\n" + scanner.Plate(900) + " → plate_unknown"},
}

// The decision order: what each scan means when more than one thing could be meant.
func TestDecisionOrder(t *testing.T) {
	stories(t, decisions, story.title, func(t *testing.T, site *receivingtest.Site, tc story) {
		s := newScene(site)
		s.people()
		s.run(tc.text)
		s.checkBooks()
	})
}

// plateOf is the piece that an outcome is about.
func plateOf(o scanner.Outcome) string {
	if o.Plate != "" {
		return o.Plate
	}
	return o.Params["plate"]
}

// people adds what the stories of TestDecisionOrder speak of.
func (s *scene) people() {
	s.User("王芳", "right")
	s.Code(s.sku("TEE-L"), "9812345678908")
	s.Waybill("SF0000000000002", receivingtest.One[idCase](s.Site, "SELECT id FROM cases WHERE number = 'C1'"))
	mugs := s.Order("1002", s.sku("MUG-1"))
	s.Case("C3", s.Order("1003", s.sku("CAP-U")), []string{"SF0000000000003"})
	s.Shipment("SF0000000000010", "delivered", s.order)
	s.Shipment("SF0000000000011", "delivered", mugs)
	s.Shipment("SF0000000000012", "refused", mugs, s.Order("1012", s.sku("CAP-U")))
	s.Exec("DELETE FROM shipment_lines WHERE order_id = (SELECT id FROM orders WHERE number = '1012')")
	o13 := s.Order("1013", s.sku("TEE-L"))
	s.Shipment("SF0000000000013", "delivered", o13)
	s.Case("C13", o13, []string{"SF0000000000013"})
	s.Case("C14", s.Order("1014", s.sku("TEE-L")), []string{"SF0000000000014"})
	s.Case("C24", s.Order("1024", s.sku("CAP-U")), []string{"SF0000000000014"})
	s.Case("C15", s.Order("1015", s.sku("MUG-1")), []string{"SF0000000000015"})
	s.Case("C16", s.Order("1016", s.sku("MUG-1")), []string{"SF0000000000016"})
	s.Exec("UPDATE cases SET decision = 'withdrawn' WHERE number = 'C15'")
	s.Exec("UPDATE cases SET money = 'returned_elsewhere' WHERE number = 'C16'")
	p := s.Case("C18", s.Order("1018", s.sku("MUG-1")), nil)
	s.Exec("INSERT INTO waybill_aliases (number, role, case_id, valid_from, source) VALUES ('PF998877665544', 'platform', ?, ?, 'import')", p.ID, receivingtest.Start.Add(-time.Hour))
	s.Exec("INSERT INTO warehouses (code, name, time_zone) VALUES ('GZ2', '华南退货仓', 'Asia/Shanghai')")
	s.Case("C17", s.Order("1017", s.sku("MUG-1")), []string{"SF0000000000017"})
	s.Exec("UPDATE cases SET warehouse_id = (SELECT id FROM warehouses WHERE code = 'GZ2') WHERE number = 'C17'")
}

// Scans that are no reading of anything are kept and refused, and do not disturb what was asked.
func TestUnusableScans(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.run(way + " → parcel_opened\n" + gtin(tee) + " → matched\n" + gtin(tee) + " → matched\n" + gtin(tee) + " → over")
		for _, tc := range []struct {
			flag scanner.Flag
			data string
			code scanner.Code
		}{
			{scanner.Damaged, gtin(tee), scanner.CodeDamagedScan}, {scanner.NotText, `\x00\xff`, scanner.CodeNotText}, {scanner.Overflow, gtin(tee), scanner.CodeTooLong},
			{"", "nul\x00inside", scanner.CodeNotText}, {"", strings.Repeat("x", 5000), scanner.CodeTooLong}, {"", "", scanner.CodeNotText},
		} {
			scan := s.Next(tc.data)
			if tc.flag != "" {
				scan.Flags = []scanner.Flag{tc.flag}
			}
			a, err := s.Send(scan)
			if err != nil {
				t.Fatal(err)
			}
			if got := a.Outcomes[0]; got.Code != tc.code || got.Verdict != scanner.Rejected {
				t.Errorf("%q %s: %s %s, want %s", tc.data, tc.flag, got.Code, got.Verdict, tc.code)
			}
		}
		s.Want("BD:+1", scanner.CodeExtra)
	})
}

// The desk, not the agent, decides what a double read is.
func TestDoubleRead(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.run(way + " → parcel_opened")
		send := func(data, device string, after time.Duration, want scanner.Code, flags ...scanner.Flag) {
			t.Helper()
			scan := s.Next(data)
			scan.MonoMicros += (after - time.Second).Microseconds()
			s.Mono = scan.MonoMicros
			scan.Device, scan.Flags = device, flags
			a, err := s.Send(scan)
			if err != nil {
				t.Fatal(err)
			}
			if a.Outcomes[0].Code != want {
				t.Errorf("%q after %s on %s: %s, want %s", data, after, device, a.Outcomes[0].Code, want)
			}
		}
		send(gtin(tee), "gun", time.Second, scanner.CodeMatched)
		send(gtin(tee), "gun", 300*time.Millisecond, scanner.CodeDoubleRead)
		send(gtin(tee), "gun", 500*time.Millisecond, scanner.CodeDoubleRead) // still in front of the lens
		send(gtin(tee), "fixed", 100*time.Millisecond, scanner.CodeMatched)  // another scanner, another piece
		send(gtin(hat), "fixed", 100*time.Millisecond, scanner.CodeUndeclared)
		send(gtin(tee), "fixed", 100*time.Millisecond, scanner.CodeOver) // one between
		send("BD:+1", "fixed", time.Second, scanner.CodeExtra)
		send("BD:+1", "fixed", 599*time.Millisecond, scanner.CodeDoubleRead)
		send(gtin(hat), "fixed", time.Second, scanner.CodeUndeclared)
		send(gtin(hat), "fixed", 700*time.Millisecond, scanner.CodeUndeclared, scanner.DoubleRead) // the flag alone decides nothing
		send(gtin(hat), "fixed", -time.Hour, scanner.CodeRepeatAfterRestart, scanner.RepeatAfterRestart)
		send(gtin(hat), "fixed", time.Second, scanner.CodeUndeclared)
	})
}
