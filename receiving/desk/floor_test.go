package desk_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// floorHall is a site after receiving: five tees in quarantine, a phone, a mug nobody expected in custody; a qc and a putaway bench; bins and totes.
type floorHall struct {
	*receivingtest.Site
	qc, away *receivingtest.Hand
	tees     []string
	phone    string
	stray    string
	checker  id.User
}

const (
	inspectorBadge = "BD:OPERATOR:insp-1"
	carrierBadge   = "BD:OPERATOR:carry-1"
)

func newFloorHall(t *testing.T, d *db.DB) *floorHall {
	s := receivingtest.New(t, d)
	tee, phone := s.SKU("TEE-L", gtin(1)), s.SKU("PHONE-1", gtin(2))
	s.Exec("UPDATE skus SET category = 'phone' WHERE id = ?", phone.ID)
	s.Exec("UPDATE policies SET second_look_percent = 0, second_look_first = 0")
	s.Case("C1", s.Order("1001", tee, tee, tee, tee, tee, phone), []string{way})
	h := &floorHall{Site: s}
	in := s.Hand(s.Bench(1))
	in.Want(way, scanner.CodeParcelOpened)
	for range 5 {
		h.tees = append(h.tees, in.Want(gtin(1), scanner.CodeMatched).Plate)
	}
	h.phone = in.Want(gtin(2), scanner.CodeMatched).Plate
	h.stray = in.Want("XYZ-UNKNOWN", scanner.CodeUnknownItem).Plate
	in.Want("BD:DONE", scanner.CodeClosed)
	h.checker = h.worker("insp", "insp-1", "inspector")
	h.worker("carry", "carry-1", "putaway")
	for _, p := range []place.Place{{Code: "B-01", Kind: place.Shelf, Capacity: 4}, {Code: "B-02", Kind: place.Shelf, Capacity: 9}, {Code: "B-90", Kind: place.Second, Capacity: 9},
		{Code: "T-01", Kind: place.ToteBlue, Capacity: 9}, {Code: "T-02", Kind: place.ToteBlue, Capacity: 9}} {
		p.WarehouseID = s.Warehouse.ID
		s.Create(&p)
	}
	h.qc, h.away = s.Hand(s.BenchAt(s.Warehouse, 11, "qc")), s.Hand(s.BenchAt(s.Warehouse, 12, "putaway"))
	return h
}

func (h *floorHall) worker(name, badge, role string) id.User {
	h.T.Helper()
	u := h.User(name, badge)
	h.Exec("UPDATE grants SET role = ? WHERE user_id = ?", role, u)
	return u
}

// releases has the inspector release pieces as grade A, in bulk.
func (h *floorHall) releases(tote string, plates ...string) {
	h.T.Helper()
	h.qc.Want(inspectorBadge, scanner.CodeOperatorOn)
	h.qc.Want("BD:RELEASE", scanner.CodeQCBulk)
	if tote != "" {
		h.qc.Want(tote, scanner.CodeQCBulk)
	}
	for _, p := range plates {
		h.qc.Want(p, scanner.CodeQCReleased)
	}
	h.qc.Want("BD:DONE", scanner.CodeHandEmpty)
}

func (h *floorHall) lies(plate string) string {
	h.T.Helper()
	return receivingtest.One[string](h.Site, "SELECT COALESCE((SELECT p.code FROM unit_places l JOIN places p ON p.id = l.place_id WHERE l.unit_id = u.id), '') FROM units u WHERE plate = ?", plate)
}

func (h *floorHall) checkBooks() {
	h.T.Helper()
	(&scene{Site: h.Site}).checkBooks()
}

// answered plays a story: a scan and the code it is answered with per line, "scan → code name=value …".
func answered(t *testing.T, hand *receivingtest.Hand, story string, words ...string) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(strings.NewReplacer(words...).Replace(story)), "\n") {
		scan, want, _ := strings.Cut(strings.TrimSpace(line), " → ")
		fields := strings.Fields(want)
		o := hand.Scan(scan)
		if string(o.Code) != fields[0] {
			t.Fatalf("%s: %s %v, want %s", line, o.Code, o.Params, fields[0])
		}
		for _, f := range fields[1:] {
			k, v, _ := strings.Cut(f, "=")
			if got := o.Params[k]; k != "tone" && got != v || k == "tone" && string(o.Tone) != v {
				t.Fatalf("%s: %s %v", line, o.Tone, o.Params)
			}
		}
	}
}

func TestPutAwayBench(t *testing.T) {
	for name, story := range map[string]string{
		"one piece to the bin it was told": `BD:OPERATOR:carry-1 → operator_on
			$A → putaway_unit place=B-01
			B-01 → put_away pieces=1 place=B-01`,
		"several pieces to one bin": `BD:OPERATOR:carry-1 → operator_on
			$A → putaway_unit
			$B → putaway_unit
			$A → in_hand
			b-02 → put_away pieces=2 place=B-02`,
		"a whole tote": `BD:OPERATOR:carry-1 → operator_on
			T-01 → putaway_tote pieces=3
			T-01 → in_hand
			$A → in_hand
			T-02 → tote_in_hand
			B-01 → put_away pieces=3
			T-01 → tote_empty`,
		"what may not": `$A → log_on_first
			BD:OPERATOR:carry-1 → operator_on
			B-01 → scan_unit_first
			$Q → not_released tone=low state=quarantine
			$S → not_released tone=low state=custody
			U0000000000 → unknown_code
			$X → plate_unknown
			B-77 → place_unknown place=B-77
			$A → putaway_unit
			B-90 → putaway_refused why=bin_kind
			T-01 → putaway_refused why=units_in_hand
			BD:UNDO → hand_emptied plate=$A
			BD:GRADE:A → control_not_here
			BD:DONE → control_not_here`,
		"taken back": `BD:OPERATOR:carry-1 → operator_on
			$A → putaway_unit
			$B → putaway_unit
			B-02 → put_away pieces=2
			BD:UNDO → undone what=unit_put_away
			$A → putaway_unit
			B-01 → put_away
			$A → unit_in_bin place=B-01
			B-02 → put_away pieces=1
			BD:UNDO → undone`,
		"too many for the bin": `BD:OPERATOR:carry-1 → operator_on
			$A → putaway_unit place=B-01
			$B → putaway_unit place=B-01
			$C → putaway_unit place=B-01
			$D → putaway_unit place=B-01
			$E → putaway_unit place=B-02
			B-01 → putaway_refused why=place_full
			B-02 → put_away pieces=5`,
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, d *db.DB) {
				for _, policy := range []string{"release", "put_away"} {
					receivingtest.Wipe(t, d)
					h := newFloorHall(t, d)
					h.Exec("UPDATE policies SET available_on = ?", policy)
					released := h.tees[:3]
					if strings.Contains(story, "$D") {
						released = h.tees
					}
					h.releases("T-01", released...)
					answered(t, h.away, story, "$A", h.tees[0], "$B", h.tees[1], "$C", h.tees[2], "$D", h.tees[3], "$E", h.tees[4], "$Q", h.phone, "$S", h.stray, "$X", scanner.Plate(99_999))
					h.checkBooks()
					if policy == "put_away" {
						n := receivingtest.One[int](h.Site, "SELECT COUNT(*) FROM units u WHERE (state = 'available') <> EXISTS (SELECT 1 FROM unit_places l JOIN places p ON p.id = l.place_id WHERE l.unit_id = u.id AND p.kind = 'shelf')")
						if n != 0 {
							t.Errorf("%d pieces are available off the shelf, or not on it", n)
						}
					}
				}
			})
		})
	}
}

func TestQCBench(t *testing.T) {
	for name, story := range map[string]string{
		"grade, then the tote": `BD:OPERATOR:insp-1 → operator_on
			$A → qc_unit
			BD:GRADE:B → qc_graded grade=B disposition=restock_b
			BD:DISPOSITION:return_to_vendor → qc_graded disposition=return_to_vendor
			T-01 → qc_released grade=B disposition=return_to_vendor place=T-01`,
		"RELEASE confirms": `BD:OPERATOR:insp-1 → operator_on
			$A → qc_unit
			BD:GRADE:A → qc_graded disposition=restock
			BD:RELEASE → qc_released grade=A
			$A → qc_refused why=unit_state`,
		"wrong order": `$A → log_on_first
			BD:RELEASE → log_on_first
			BD:OPERATOR:insp-1 → operator_on
			BD:GRADE:A → scan_unit_first
			T-01 → scan_unit_first
			$A → qc_unit
			T-01 → qc_refused why=grade_first
			BD:DISPOSITION:scrap → qc_refused why=grade_first
			BD:GRADE:E → control_unknown
			BD:GRADE:D → qc_graded disposition=scrap
			BD:DISPOSITION:restock → qc_graded
			BD:RELEASE → qc_refused why=disposition_grade
			BD:GRADE:D → qc_graded
			T-01 → qc_refused why=scrap_reason
			B-01 → qc_refused why=tote_wanted
			$B → qc_unconfirmed plate=$A
			$B → qc_unit
			BD:UNDO → hand_emptied plate=$B`,
		"checks on the screen": `BD:OPERATOR:insp-1 → operator_on
			$Q → qc_refused why=checks_on_screen`,
		"in bulk": `BD:OPERATOR:insp-1 → operator_on
			BD:RELEASE → qc_bulk
			T-02 → qc_bulk
			$A → qc_released place=T-02
			$B → qc_released place=T-02
			$Q → bulk_refused why=checks_on_screen
			$S → bulk_refused why=unit_state
			$A → bulk_refused why=unit_state
			$C → bulk_refused why=condition
			BD:UNDO → undone what=unit_inspected plate=$B
			BD:DONE → hand_emptied
			$C → qc_unit`,
		"no inspector": `BD:OPERATOR:carry-1 → operator_on
			BD:RELEASE → qc_bulk
			$A → bulk_refused why=role`,
		"expired": `BD:OPERATOR:insp-1 → operator_on
			$D → qc_unit
			BD:GRADE:A → qc_graded
			BD:RELEASE → qc_blocked why=expired tone=low`,
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, d *db.DB) {
				h := newFloorHall(t, d)
				h.Exec("UPDATE units SET condition = 'opened' WHERE plate = ?", h.tees[2])
				h.Exec("UPDATE units SET expiry = '2026-11-01' WHERE plate = ?", h.tees[3])
				answered(t, h.qc, story, "$A", h.tees[0], "$B", h.tees[1], "$C", h.tees[2], "$D", h.tees[3], "$Q", h.phone, "$S", h.stray, "$X", scanner.Plate(99_999))
				h.checkBooks()
			})
		})
	}
}

// A batch from a page that was away is taken apart where it has to be, and comes to the same.
func TestFloorBatches(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h := newFloorHall(t, d)
		var codes []string
		for _, o := range h.qc.Scans(inspectorBadge, "BD:RELEASE", "T-01", h.tees[0], h.tees[1], h.phone, h.tees[2], "BD:DONE") {
			codes = append(codes, string(o.Code))
		}
		for _, o := range h.away.Scans(carrierBadge, h.tees[0], h.tees[1], "B-01", "T-01", "B-02", "BD:UNDO") {
			codes = append(codes, string(o.Code))
		}
		want := "[operator_on qc_bulk qc_bulk qc_released qc_released bulk_refused qc_released hand_emptied operator_on putaway_unit putaway_unit put_away putaway_tote put_away undone]"
		if fmt.Sprint(codes) != want {
			t.Fatalf("%v", codes)
		}
		if h.lies(h.tees[0]) != "B-01" || h.lies(h.tees[2]) != "T-01" || h.away.View.Today.Pieces != 2 {
			t.Fatal(h.lies(h.tees[0]), h.lies(h.tees[2]), h.away.View.Today)
		}
		h.checkBooks()
	})
}

func TestHandOnTheView(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h := newFloorHall(t, d)
		if h.away.View.Hand != nil {
			t.Fatal("an empty hand is shown")
		}
		h.releases("", h.tees[0])
		h.away.Want(carrierBadge, scanner.CodeOperatorOn)
		h.away.Want(h.tees[0], scanner.CodePutAwayUnit)
		v := h.away.View.Hand
		if v == nil || v.Bin != "B-01" || v.Count != 1 || v.Units[0].SKU != "TEE-L" || v.Units[0].State != "available" {
			t.Fatalf("%+v", v)
		}
		again, err := h.Desk.View(t.Context(), h.away.Bench.ID) // as another server reads it
		if err != nil || again.Hand == nil || again.Hand.Bin != v.Bin {
			t.Fatalf("%+v %v", again.Hand, err)
		}
		h.qc.Want(h.tees[1], scanner.CodeQCUnit)
		h.qc.Want("BD:GRADE:B", scanner.CodeQCGraded)
		if v := h.qc.View.Hand; v == nil || v.Grade != "B" || v.Disposition != "restock_b" || v.Units[0].Plate != h.tees[1] {
			t.Fatalf("%+v", v)
		}
	})
}

// What waits for a second look stays off the shelf; who inspected it does not look again.
func TestSecondLookKeepsOffTheShelf(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h := newFloorHall(t, d)
		h.Exec("UPDATE policies SET second_look_percent = 100")
		h.releases("T-01", h.tees[0])
		h.away.Want(carrierBadge, scanner.CodeOperatorOn)
		for _, scan := range []string{h.tees[0], "T-01"} {
			if o := h.away.Want(scan, scanner.CodePutAwayRefused); o.Params["why"] != "second_look_due" {
				t.Fatalf("%v", o.Params)
			}
		}
		h.checkBooks()
	})
}

// Two benches race for the same pieces, an inspector blocks one meanwhile: each piece ends in one place, and the books agree.
func TestFloorRaces(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h := newFloorHall(t, d)
		h.releases("", h.tees...)
		other := h.Hand(h.BenchAt(h.Warehouse, 13, "putaway"))
		for _, hand := range []*receivingtest.Hand{h.away, other} {
			hand.Want(carrierBadge, scanner.CodeOperatorOn)
			for _, p := range h.tees[:4] {
				if o := hand.Scan(p); o.Code != scanner.CodePutAwayUnit {
					t.Fatal(o)
				}
			}
		}
		codes := map[scanner.Code]int{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i, hand := range []*receivingtest.Hand{h.away, other} {
			wg.Go(func() {
				a, err := hand.Send(hand.Next([]string{"B-01", "B-02"}[i]))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
					return
				}
				codes[a.Outcomes[0].Code]++
			})
		}
		wg.Wait()
		if codes[scanner.CodePutAway] != 1 || codes[scanner.CodePutAwayRefused] != 1 {
			t.Errorf("%v", codes)
		}
		h.checkBooks()
	})
}

// A piece that a stock-take found in a bin lies nowhere once its scan is taken back, also out of a batch.
func TestUndoTakesThePieceOutOfItsPlace(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.run(way + " → parcel_opened\n{tee} → matched\n{tee} → matched")
		at := place.Place{WarehouseID: s.Warehouse.ID, Code: "B-Q1", Kind: place.Shelf, Capacity: 9}
		s.Create(&at)
		s.Do(func(tx *gorm.DB) error {
			var units []inventory.Unit
			if err := tx.Order("id").Find(&units).Error; err != nil {
				return err
			}
			return place.NewFloor(s.Log, new(inventory.Ledger)).Move(t.Context(), tx, units, &at, place.Why{Cause: "stock_take", Ref: "set up"})
		})
		a, err := s.Send(s.Next("BD:UNDO"), s.Next("BD:UNDO"), s.Next(gtin(tee)))
		if err != nil || a.Outcomes[0].Code != scanner.CodeUndone || a.Outcomes[1].Code != scanner.CodeUndone || a.Outcomes[2].Code != scanner.CodeMatched {
			t.Fatalf("%+v %v", a.Outcomes, err)
		}
		if n := receivingtest.One[int](s.Site, "SELECT held FROM places"); n != 0 {
			t.Errorf("%d pieces lie in the bin", n)
		}
		s.checkBooks()
	})
}
