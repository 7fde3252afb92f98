package desk_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// crossings are what must never be found when two owners sell the same barcodes out of two warehouses in two time zones.
var crossings = map[string]string{
	"a piece of one owner's parcel stands in another's books":   `SELECT count(*) FROM units u JOIN parcels p ON p.id = u.parcel_id WHERE p.owner_id IS NOT NULL AND u.owner_id <> p.owner_id AND u.finding <> 'other_seller' AND u.state <> 'undone'`,
	"a piece is in quarantine that is not its parcel's owner's": `SELECT count(*) FROM units u JOIN parcels p ON p.id = u.parcel_id WHERE u.account = 'quarantine' AND (p.owner_id IS NULL OR u.owner_id <> p.owner_id)`,
	"a unit is of a product of another owner":                   `SELECT count(*) FROM units u JOIN skus s ON s.id = u.sku_id WHERE s.owner_id <> u.owner_id`,
	"a unit counts towards another owner's case":                `SELECT count(*) FROM units u JOIN cases c ON c.id = u.case_id WHERE c.owner_id <> (SELECT owner_id FROM parcels p WHERE p.id = u.parcel_id)`,
	"a unit is in another warehouse than its parcel":            `SELECT count(*) FROM units u JOIN parcels p ON p.id = u.parcel_id WHERE p.warehouse_id <> u.warehouse_id`,
	"a parcel is open on a bench of another warehouse":          `SELECT count(*) FROM parcels p JOIN benches b ON b.id = p.bench_id WHERE b.warehouse_id <> p.warehouse_id`,
	"a parcel is for cases of two owners":                       `SELECT count(*) FROM receipts r JOIN parcels p ON p.id = r.parcel_id JOIN cases c ON c.id = r.case_id WHERE c.owner_id <> p.owner_id`,
	"a movement is in another warehouse than its unit":          `SELECT count(*) FROM movements m JOIN units u ON u.id = m.unit_id WHERE m.warehouse_id <> u.warehouse_id`,
	"an event tells of a unit in another warehouse":             `SELECT count(*) FROM events e JOIN units u ON e.subject = 'unit/' || u.plate WHERE e.warehouse_id <> u.warehouse_id`,
	"an event tells of a scan in another warehouse":             `SELECT count(*) FROM outcomes o JOIN benches b ON b.id = o.bench_id WHERE o.warehouse_id <> b.warehouse_id`,
	"goods asked to another warehouse came in unasked": `SELECT count(*) FROM receipts r JOIN parcels p ON p.id = r.parcel_id JOIN cases c ON c.id = r.case_id WHERE c.warehouse_id <> p.warehouse_id
 AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.code = 'other_warehouse' AND o.warehouse_id = p.warehouse_id)
 AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.code = 'owner_unknown_opened' AND o.parcel_id = p.id)`, // a person gave it away,
}

// Whatever is scanned at benches of two warehouses out of boxes of two owners who sell the same barcodes: nothing crosses over. What callers may read of it is
// held by api.TestOtherPeoplesThingsDoNotExist.
func TestPropertyNothingCrossesOver(t *testing.T) {
	setFlags(t, map[string]string{"rapid.checks": "25", "rapid.nofailfile": "true"})
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		rapid.Check(t, func(rt *rapid.T) {
			receivingtest.Wipe(t, d)
			sites := []*receivingtest.Site{receivingtest.NewNamed(t, d, "HZ1", "QINGYU", "TM1"), receivingtest.NewNamed(t, d, "LA1", "PACIFIC", "AMZ1")}
			sites[1].Exec("UPDATE warehouses SET time_zone = 'America/Los_Angeles' WHERE id = ?", sites[1].Warehouse.ID)
			var hands []*receivingtest.Hand
			var numbers, cases []string
			for n, s := range sites {
				tee, hat := s.SKU("TEE-L", gtin(tee)), s.SKU("CAP-U", gtin(hat))
				s.SKU("TEE-XL", gtin(teeXL))
				for k := range 3 {
					number := fmt.Sprintf("SF%013d", 100*n+k)
					c := s.Case(fmt.Sprintf("C%d%d", n, k), s.Order(fmt.Sprintf("%d00%d", n+1, k), tee, tee, hat), []string{number}, receivingtest.Back{Line: 0, Quantity: 2})
					if k == 2 { // asked to the other warehouse
						s.Exec("UPDATE cases SET warehouse_id = ? WHERE id = ?", sites[1-n].Warehouse.ID, c.ID)
					}
					numbers, cases = append(numbers, number), append(cases, c.Number)
				}
				for b := range 2 {
					hands = append(hands, s.Hand(s.Bench(b+1)))
				}
			}
			scanned := append([]string{gtin(tee), gtin(tee), gtin(hat), gtin(teeXL), gtin(tee), gtin(99), "TEE-L", "BD:DONE", "BD:UNDO", "BD:+1", "BD:NO-LABEL", stranger, "BD:HOLD", "BD:RESUME"}, numbers...)
			for range rapid.IntRange(20, 60).Draw(rt, "scans") {
				h := hands[rapid.IntRange(0, len(hands)-1).Draw(rt, "bench")]
				code := rapid.SampledFrom(scanned).Draw(rt, "code")
				for range rapid.IntRange(1, 2).Draw(rt, "times") {
					if o := h.Scan(code); o.Code == scanner.CodeParked {
						rt.Fatalf("%q was parked: %v", code, o.Params)
					}
				}
				if rapid.IntRange(0, 9).Draw(rt, "then") == 0 {
					claimAny(rt, sites[0], rapid.SampledFrom(cases).Draw(rt, "case"))
				}
			}
			for what, q := range crossings {
				if n := receivingtest.One[int](sites[0], q); n != 0 {
					rt.Fatalf("%s: %d", what, n)
				}
			}
			checkBooks(sites[0])
			if t.Failed() {
				rt.Fatalf("the books are wrong")
			}
			for n, want := range []string{"2026-11-23", "2026-11-22"} { // ten in the morning there is the evening before here
				if days := receivingtest.One[int](sites[0], "SELECT count(*) FROM benches WHERE warehouse_id = ? AND day NOT IN ('', ?)", sites[n].Warehouse.ID, want); days != 0 {
					rt.Fatalf("%d benches of %s have another day than %s", days, sites[n].Warehouse.Code, want)
				}
			}
		})
	})
}

// claimAny gives the oldest parcel of unknown owner to a case.
func claimAny(rt *rapid.T, s *receivingtest.Site, number string) {
	var parcels []id.Parcel
	if err := s.DB.Read.Raw("SELECT id FROM parcels WHERE owner_id IS NULL ORDER BY id LIMIT 1").Scan(&parcels).Error; err != nil {
		rt.Fatal(err)
	}
	if len(parcels) == 0 {
		return
	}
	c := receivingtest.One[id.Case](s, "SELECT id FROM cases WHERE number = ?", number)
	err := s.DB.InTx(s.T.Context(), func(tx *gorm.DB) error { return s.Desk.Claim(s.T.Context(), tx, c, parcels[0]) })
	if err != nil && fault.Code(err) != "parcel_claimed" {
		rt.Fatalf("claim for %s: %v", number, err)
	}
}

// A barcode that two owners sell names nothing in a parcel of unknown owner. When the owner is found the piece is known: it enters the owner's books, in
// quarantine if it was awaited.
func TestSharedBarcodeIsKnownOnceTheOwnerIs(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newScene(receivingtest.New(t, d))
		other := receivingtest.One[id.Owner](s.Site, "SELECT id FROM owners WHERE code = 'OTHER'")
		s.Exec("INSERT INTO skus (owner_id, code, product, name) VALUES (?, 'SHIRT', 'SHIRT', '衬衫')", other)
		s.Exec("INSERT INTO sku_codes (owner_id, code, sku_id, kind) SELECT owner_id, ?, id, 'gtin' FROM skus WHERE code = 'SHIRT'", "0"+gtin(tee))
		s.run("YT1234567890123 → owner_unknown_opened\n{tee} → unclaimed\nTEE-L → unclaimed\n" + gtin(99) + " → unclaimed\nBD:DONE → closed")
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM units u JOIN skus s ON s.id = u.sku_id WHERE s.placeholder"); n != 3 {
			t.Fatalf("%d placeholders", n)
		}
		s.claim(receiving.ParcelNumber(receivingtest.One[id.Parcel](s.Site, "SELECT id FROM parcels")), "C1")
		for finding, want := range map[string]int{"match": 2, "unknown_item": 1} {
			if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM units WHERE finding = ?", finding); n != want {
				t.Errorf("%d %s, want %d", n, finding, want)
			}
		}
		if n := receivingtest.One[int](s.Site, "SELECT SUM(quantity) FROM balances WHERE account = 'quarantine' AND sku_id = ?", s.sku("TEE-L").ID); n != 2 {
			t.Errorf("%d in quarantine", n)
		}
		s.checkBooks()
	})
}

// A piece of nobody known goes nowhere by an inspector's word alone. Once its parcel has an owner it is judged as at the bench: what is another seller's stays so
// although it looks forged, what would be ours is counterfeit.
func TestForgeriesInAParcelOfNobodyKnown(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newScene(receivingtest.New(t, d))
		by := s.User("质检员", "q")
		s.run("YT1234567890123 → owner_unknown_opened\n" + gtin(foreign) + " → unclaimed\nBD:CONDITION:counterfeit → condition_set\n{tee} → unclaimed\nBD:CONDITION:counterfeit → condition_set\nBD:DONE → closed")
		bench := qc.New(d, s.Log, new(inventory.Ledger))
		var units []inventory.Unit
		if err := d.Read.Find(&units).Error; err != nil || len(units) != 2 {
			t.Fatalf("%d units: %v", len(units), err)
		}
		for _, u := range units {
			_, err := bench.Inspect(t.Context(), qc.Decision{Plate: u.Plate, Grade: "D", Disposition: "scrap", Note: "x", Manager: true, Version: u.Version, By: by})
			if fault.Code(err) != "owner_unknown" || !fault.IsKind(err, fault.Conflict) {
				t.Errorf("%s scrapped: %v", u.Plate, err)
			}
		}
		s.claim(receiving.ParcelNumber(receivingtest.One[id.Parcel](s.Site, "SELECT id FROM parcels")), "C1")
		for sku, want := range map[string]string{"SOAP-1": "other_seller custody", "TEE-L": "counterfeit custody"} {
			got := receivingtest.One[string](s.Site, "SELECT u.finding || ' ' || u.account FROM units u JOIN skus s ON s.id = u.sku_id WHERE s.code = ?", sku)
			if got != want {
				t.Errorf("%s is %s, want %s", sku, got, want)
			}
		}
		s.checkBooks()
	})
}
