package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// crowdBenches is how many benches play a row at once.
const crowdBenches = 16

// crowding lists, for what a bench alone is told, what it may be told instead because fifteen others do the same with the same box at the same moment.
var crowding = map[scanner.Code][]scanner.Code{
	scanner.CodeParcelOpened:       {scanner.CodeOpenElsewhere, scanner.CodeTakenOver, scanner.CodeAlreadyReceived, scanner.CodeParcelHeld, scanner.CodePreviousOpen, scanner.CodeOldLabel, scanner.CodeChoiceInvalid},
	scanner.CodeOwnerUnknownOpened: {scanner.CodeOpenElsewhere, scanner.CodeTakenOver, scanner.CodeAlreadyReceived, scanner.CodeParcelHeld, scanner.CodePreviousOpen},
	scanner.CodePreviousOpen:       {scanner.CodeChoiceInvalid, scanner.CodeParcelOpened, scanner.CodeOpenElsewhere, scanner.CodeTakenOver, scanner.CodeAlreadyReceived, scanner.CodeOwnerUnknownOpened, scanner.CodeOldLabel},
	scanner.CodeAlreadyReceived:    {scanner.CodeParcelOpened, scanner.CodeOpenElsewhere, scanner.CodeTakenOver, scanner.CodePreviousOpen, scanner.CodeOwnerUnknownOpened},
	scanner.CodeAliasAdded:         {scanner.CodeParcelOpened, scanner.CodeOpenElsewhere, scanner.CodeTakenOver, scanner.CodePreviousOpen},
	scanner.CodeCaseOver:           {scanner.CodeOpenElsewhere, scanner.CodeTakenOver},
	scanner.CodeRefundedAlready:    {scanner.CodeOpenElsewhere, scanner.CodeTakenOver},
	scanner.CodeParcelHeld:         {scanner.CodeAlreadyReceived, scanner.CodeParcelOpened, scanner.CodeOpenElsewhere, scanner.CodeTakenOver},
	scanner.CodeMatched:            {scanner.CodeScanWaybillFirst, scanner.CodeOver, scanner.CodeUnknownCode, scanner.CodeUnclaimed},
	scanner.CodeOver:               {scanner.CodeScanWaybillFirst, scanner.CodeMatched},
	scanner.CodeExtra:              {scanner.CodeNothingToAdd},
	scanner.CodeUndeclared:         {scanner.CodeScanWaybillFirst, scanner.CodeBelongsElsewhere, scanner.CodeMatched, scanner.CodeOver},
	scanner.CodeWrongSpec:          {scanner.CodeScanWaybillFirst, scanner.CodeBelongsElsewhere},
	scanner.CodeWrongItem:          {scanner.CodeScanWaybillFirst, scanner.CodeBelongsElsewhere},
	scanner.CodeOtherSeller:        {scanner.CodeScanWaybillFirst},
	scanner.CodeUnknownItem:        {scanner.CodeScanWaybillFirst, scanner.CodeUnknownCode},
	scanner.CodeScanTheTag:         {scanner.CodeScanWaybillFirst, scanner.CodeOpenElsewhere, scanner.CodeParcelOpened},
	scanner.CodeUnclaimed:          {scanner.CodeScanWaybillFirst, scanner.CodeBelongsElsewhere},
	scanner.CodeConditionSet:       {scanner.CodeNothingToMark},
	scanner.CodeCounterfeit:        {scanner.CodeNothingToMark, scanner.CodeConditionSet},
	scanner.CodeJunkNoted:          {scanner.CodeNothingOpen},
	scanner.CodeClosed:             {scanner.CodeNothingOpen, scanner.CodeClosedShort, scanner.CodeZeroPieces},
	scanner.CodeClosedShort:        {scanner.CodeNothingOpen, scanner.CodeClosed, scanner.CodeZeroPieces},
	scanner.CodeZeroPieces:         {scanner.CodeNothingOpen, scanner.CodeClosed, scanner.CodeClosedShort},
	scanner.CodeEmptyConfirmed:     {scanner.CodeNothingOpen, scanner.CodeNotEmpty},
	scanner.CodeNotEmpty:           {scanner.CodeNothingOpen, scanner.CodeEmptyConfirmed},
	scanner.CodeHeld:               {scanner.CodeNothingOpen},
	scanner.CodeResumed:            {scanner.CodeNothingOpen, scanner.CodeParcelOpened, scanner.CodePreviousOpen},
	scanner.CodeExceptionNoted:     {scanner.CodeNothingOpen},
	scanner.CodeUndone:             {scanner.CodeUndoRefused, scanner.CodeNothingToUndo},
	scanner.CodeUnknownCode:        {scanner.CodeOpenElsewhere},
}

// Every row of the decision order and of the findings is also played by sixteen benches on the same boxes, orders and unknown pile, each insisting once as a
// clerk with the box in hand would. Whoever comes first: each scan has one outcome from the row's own set, each waybill one parcel, each booked piece one unit,
// and all ledgers agree.
func TestEveryRowBySixteenBenches(t *testing.T) {
	rows := slices.Clone(decisions)
	for _, f := range findings {
		rows = append(rows, story{"finding: " + f.name, f.story + f.data + " → " + string(f.code)})
	}
	stories(t, rows, story.title, func(t *testing.T, site *receivingtest.Site, tc story) {
		s := newScene(site)
		s.people()
		var all sync.WaitGroup
		begin := make(chan struct{})
		for n := range crowdBenches {
			h := s.Site.Hand(s.Site.Bench(100 + n))
			h.UsePlates = true
			all.Go(func() {
				<-begin
				for _, problem := range playInCrowd(h, tc.text, n%2 == 0) {
					t.Errorf("bench %d: %s", 100+n, problem)
				}
			})
		}
		close(begin)
		all.Wait()
		s.oneOfEach()
		s.checkBooks()
	})
}

// playInCrowd scans the codes of a story and returns what it should not have been told. One who insists takes a box from the bench that has it.
func playInCrowd(h *receivingtest.Hand, text string, insists bool) (problems []string) {
	parcel := ""
	scan := func(data string, allowed []scanner.Code) (scanner.Outcome, bool) {
		a, err := h.Send(h.Next(data))
		if err != nil {
			problems = append(problems, fmt.Sprintf("%q: %v", data, err))
			return scanner.Outcome{}, false
		}
		got := a.Outcomes[0]
		if !slices.Contains(allowed, got.Code) {
			problems = append(problems, fmt.Sprintf("%q: %s %v, want one of %v", data, got.Code, got.Params, allowed))
		}
		return got, true
	}
	for line := range strings.Lines(text) {
		data, want, ok := strings.Cut(strings.TrimSpace(line), " → ")
		if !ok {
			continue
		}
		if strings.Contains(data, "{parcel}") && parcel == "" {
			continue // this bench never had the box
		}
		data = strings.NewReplacer("{parcel}", parcel, "{tee}", gtin(tee)).Replace(data)
		got, ok := scan(data, append([]scanner.Code{scanner.Code(want)}, crowding[scanner.Code(want)]...))
		if ok && insists && got.Code == scanner.CodeOpenElsewhere {
			got, ok = scan(data, append([]scanner.Code{scanner.CodeParcelOpened}, crowding[scanner.CodeParcelOpened]...))
		}
		if !ok {
			break
		}
		parcel = got.Parcel
	}
	return problems
}

// oneOfEach holds that a box is one parcel and a piece one unit, however many benches had them in hand.
func (s *scene) oneOfEach() {
	s.T.Helper()
	for what, q := range map[string]string{
		"waybills with several parcels":            "SELECT count(*) FROM (SELECT waybill FROM parcels WHERE waybill <> '' GROUP BY waybill HAVING count(*) > 1) x",
		"plates on several units":                  "SELECT count(*) FROM (SELECT plate FROM units GROUP BY plate HAVING count(*) > 1) x",
		"scans with several outcomes":              "SELECT count(*) FROM (SELECT producer, seq FROM outcomes GROUP BY producer, seq HAVING count(*) > 1) x",
		"outcomes that booked several pieces":      "SELECT count(*) FROM outcomes WHERE effects LIKE '%unit_booked%unit_booked%'",
		"case lines that counted more than asked":  "SELECT count(*) FROM case_lines WHERE received > quantity",
		"receipt lines that took more than wanted": "SELECT count(*) FROM receipt_lines WHERE expected > 0 AND received > expected",
		"scans that were parked":                   "SELECT count(*) FROM outcomes WHERE code = 'parked'",
	} {
		if n := receivingtest.One[int](s.Site, q); n != 0 {
			s.T.Errorf("%d %s", n, what)
		}
	}
}

// A piece of another product than the awaited one is ours when the buyer says that the shop sent it by mistake: it waits for an inspector in the yellow tote,
// and the service desk hears of it. Otherwise it is the buyer's or nobody's, in the red one.
func TestWrongPieceThatTheShopSent(t *testing.T) {
	type row struct {
		reason, data string
		code         scanner.Code
		account      string
		tote         scanner.Tote
		tone         scanner.Tone
	}
	stories(t, []row{
		{"wrong_spec", gtin(teeXL), scanner.CodeWrongSpec, "quarantine", scanner.YellowTote, scanner.ToneMid},
		{"wrong_item", gtin(teeXL), scanner.CodeWrongSpec, "quarantine", scanner.YellowTote, scanner.ToneMid},
		{"wrong_item", gtin(mug), scanner.CodeWrongItem, "quarantine", scanner.YellowTote, scanner.ToneMid},
		{"wrong_item", gtin(foreign), scanner.CodeOtherSeller, "custody", scanner.RedTote, scanner.ToneLow},
		{"wrong_item", gtin(99), scanner.CodeUnknownItem, "custody", scanner.RedTote, scanner.ToneLow},
		{"changed_mind", gtin(teeXL), scanner.CodeWrongSpec, "custody", scanner.RedTote, scanner.ToneLow},
		{"quality", gtin(mug), scanner.CodeWrongItem, "custody", scanner.RedTote, scanner.ToneLow},
	}, func(r row) string { return r.reason + " " + string(r.code) }, func(t *testing.T, site *receivingtest.Site, tc row) {
		s := newScene(site)
		s.Exec("UPDATE cases SET reason = ?", tc.reason)
		s.Want(way, scanner.CodeParcelOpened)
		o := s.Want(tc.data, tc.code)
		if o.Tote != tc.tote || o.Tone != tc.tone {
			t.Errorf("tote %s tone %s, want %s %s", o.Tote, o.Tone, tc.tote, tc.tone)
		}
		type unit struct {
			Account, Title string
			Valued         bool
			Paid           bool
		}
		got := receivingtest.One[unit](s.Site, "SELECT account, title, value_minor > 0 AS valued, case_line_id IS NOT NULL AS paid FROM units WHERE plate = ?", o.Plate)
		if got.Account != tc.account || got.Valued != (tc.account == "quarantine") || got.Paid {
			t.Errorf("%+v, want %s", got, tc.account)
		}
		s.run("BD:UNDO → undone\n{tee} → matched\n{tee} → matched\nBD:DONE → closed")
		s.checkBooks()
	})
}

// A suspicion moves the piece out of what is paid for, and back when it is taken back; what the box says at its closing follows.
func TestCounterfeit(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.run(way + " → parcel_opened\n{tee} → matched\n{tee} → matched")
		plate := s.Want("BD:CONDITION:counterfeit", scanner.CodeCounterfeit).Params["plate"]
		where := func() string {
			return receivingtest.One[string](s.Site, "SELECT account || ' ' || finding || ' ' || title || ' ' || CASE WHEN case_line_id IS NULL THEN 'unpaid' ELSE 'paid' END FROM units WHERE plate = ?", plate)
		}
		if got := where(); got != "custody counterfeit buyer unpaid" {
			t.Error(got)
		}
		if v := s.View.Parcel; v.Received != 1 || v.Lines[1].Finding != "counterfeit" {
			t.Errorf("%+v", v)
		}
		s.Want("BD:CONDITION:damaged", scanner.CodeConditionSet)
		if got := where(); got != "custody counterfeit buyer unpaid" {
			t.Errorf("another condition lifted the suspicion: %s", got)
		}
		s.Want("BD:UNDO", scanner.CodeUndone)
		s.Want("BD:UNDO", scanner.CodeUndone)
		if got := where(); got != "quarantine match ours paid" {
			t.Error(got)
		}
		s.checkBooks()
		s.run("BD:CONDITION:counterfeit → counterfeit\n{tee} → matched\nBD:CONDITION:accessory_missing → condition_set\nBD:DONE → closed")
		d, _ := s.event("parcel.closed")["deductions"].(map[string]any)
		if d["counterfeit"] != 1.0 || d["accessory_missing"] != 1.0 {
			t.Errorf("%v", s.event("parcel.closed"))
		}
		s.checkBooks()
	})
}

// What the clerk noted on a piece of unknown owner counts once its owner is known, and a clerk may move a box that is held between benches.
func TestConditionsOutliveTheClaim(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newScene(receivingtest.New(t, d))
		s.run("YT1234567890123 → owner_unknown_opened\n{tee} → unclaimed\nBD:CONDITION:damaged → condition_set\n{tee} → unclaimed\nBD:CONDITION:counterfeit → condition_set\nBD:DONE → closed")
		s.claim("P000001", "C1")
		if n := receivingtest.One[string](s.Site, "SELECT MIN(account || ' ' || finding) || ', ' || MAX(account || ' ' || finding) FROM units"); n != "custody counterfeit, quarantine damaged" {
			t.Error(n)
		}
		s.checkBooks()
	})
}
