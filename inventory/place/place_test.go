package place_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/place"
)

func TestCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"B-01-02": "B-01-02", " t-17 ": "T-17", "B-A.3": "B-A.3", "b-1": "B-1"} {
		if got, ok := place.Code(text); !ok || got != want {
			t.Errorf("%q: %q %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "B-", "B01", "X-1", "B-1-", "B--1", "T-1 2", "U0000000424", "SF1234567890123", "B-" + strings.Repeat("1", 41)} {
		if got, ok := place.Code(text); ok {
			t.Errorf("%q was taken for %q", text, got)
		}
	}
}

func TestPutAway(t *testing.T) {
	for _, tc := range []struct {
		account inventory.Account
		kind    place.Kind
		code    string // of the refusal
		ends    inventory.Account
	}{
		{inventory.InReleased, place.Shelf, "", inventory.InAvailable},
		{inventory.InAvailable, place.Shelf, "", inventory.InAvailable},
		{inventory.InReleasedB, place.Second, "", inventory.InSecondGrade},
		{inventory.InSecondGrade, place.Second, "", inventory.InSecondGrade},
		{inventory.InSecondGrade, place.Shelf, "bin_kind", inventory.InSecondGrade},
		{inventory.InReleased, place.Second, "bin_kind", inventory.InReleased},
		{inventory.InAvailable, place.ToteBlue, "bin_kind", inventory.InAvailable},
		{inventory.InQuarantine, place.Shelf, "not_released", inventory.InQuarantine},
		{inventory.InCustody, place.Shelf, "not_released", inventory.InCustody},
		{inventory.InBlocked, place.Shelf, "not_released", inventory.InBlocked},
		{inventory.InRepair, place.Shelf, "not_released", inventory.InRepair},
		{inventory.InOutbound, place.Shelf, "not_released", inventory.InOutbound},
	} {
		t.Run(fmt.Sprintf("%s into %s", tc.account, tc.kind), func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, d *db.DB) {
				h := newHall(t, d)
				code := "B-01"
				if tc.kind.Tote() {
					code = "T-01"
				}
				bin := h.place(code, tc.kind, 5)
				sku := h.sku("TEE")
				u := h.unit(sku, tc.account)
				if err := h.put(bin, "p:1", u); fault.Code(err) != tc.code && !(err == nil && tc.code == "") {
					t.Fatal(err)
				}
				got := h.reload(u)
				if got.Account != tc.ends || string(got.State) != string(tc.ends) {
					t.Errorf("unit is %s in %s", got.State, got.Account)
				}
				if n := h.balance(sku, tc.ends); n != 1 {
					t.Errorf("balance of %s is %d", tc.ends, n)
				}
				where, held := code, 1
				if tc.code != "" {
					where, held = "", 0
				}
				if h.where(u) != where || h.held(bin) != held {
					t.Errorf("lies in %q, the bin holds %d", h.where(u), h.held(bin))
				}
			})
		})
	}
}

// A load that does not fit goes in not at all; taking a put-away back restores place, state and account.
func TestLoadAndTakeBack(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		bin, other := h.place("B-01", place.Shelf, 2), h.place("B-02", place.Shelf, 9)
		sku := h.sku("TEE")
		a, b, c := h.unit(sku, inventory.InReleased), h.unit(sku, inventory.InReleased), h.unit(sku, inventory.InReleased)
		if err := h.put(bin, "p:1", a, b, c); fault.Code(err) != "place_full" {
			t.Fatal(err)
		}
		if h.held(bin) != 0 || h.balance(sku, inventory.InReleased) != 3 {
			t.Fatal("a refused load left a trace")
		}
		if err := h.put(bin, "p:2", a, b); err != nil {
			t.Fatal(err)
		}
		if err := h.put(other, "p:3", a); fault.Code(err) != "unit_changed" {
			t.Fatalf("a unit as it was before: %v", err)
		}
		if err := h.put(other, "p:4", h.reload(b)); err != nil {
			t.Fatalf("from one bin to another: %v", err)
		}
		if h.held(bin) != 1 || h.held(other) != 1 || h.where(b) != "B-02" {
			t.Fatalf("held %d and %d, %s", h.held(bin), h.held(other), h.where(b))
		}
		back := func(u inventory.Unit, cause string) error {
			return h.d.InTx(t.Context(), func(tx *gorm.DB) error {
				_, err := h.floor.TakeBack(t.Context(), tx, h.house.ID, []string{u.Plate}, cause, place.Why{Cause: "put_away_undo", Ref: "p:9"})
				return err
			})
		}
		if err := back(b, "p:2"); fault.Code(err) != "moved_on" {
			t.Fatalf("the first of two put-aways: %v", err)
		}
		if err := back(b, "p:4"); err != nil || h.where(b) != "B-01" || h.reload(b).Account != inventory.InAvailable {
			t.Fatalf("%v, %s, %s", err, h.where(b), h.reload(b).Account)
		}
		if err := back(a, "p:2"); err != nil || h.where(a) != "" || h.reload(a).Account != inventory.InReleased || h.balance(sku, inventory.InReleased) != 2 {
			t.Fatalf("%v, %q, %s", err, h.where(a), h.reload(a).Account)
		}
	})
}

func TestGuardKeepsOffTheShelf(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		h.floor.Use(func(context.Context, *gorm.DB, inventory.Unit) error {
			return fault.New(fault.Conflict, "second_look_due", "not yet")
		})
		if err := h.put(h.place("B-01", place.Shelf, 2), "p:1", h.unit(h.sku("TEE"), inventory.InAvailable)); fault.Code(err) != "second_look_due" {
			t.Fatal(err)
		}
	})
}

// Of sixteen who put the same piece into different bins one wins; sixteen pieces that go for eight places fill them and no more.
func TestPutAwayRaces(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		sku := h.sku("TEE")
		one := h.unit(sku, inventory.InReleased)
		small := h.place("B-99", place.Shelf, 8)
		var bins []place.Place
		var many []inventory.Unit
		for i := range 16 {
			bins = append(bins, h.place(fmt.Sprintf("B-%02d", i), place.Shelf, 1))
			many = append(many, h.unit(sku, inventory.InReleased))
		}
		var mu sync.Mutex
		codes := map[string]int{}
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				err := h.put(bins[i], fmt.Sprint("p:", i), one)
				mu.Lock()
				codes["one "+codeOf(err)]++
				mu.Unlock()
			})
			wg.Go(func() {
				err := h.put(small, fmt.Sprint("q:", i), many[i])
				mu.Lock()
				codes["many "+codeOf(err)]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if codes["one taken"] != 1 || codes["one unit_changed"] != 15 || codes["many taken"] != 8 || codes["many place_full"] != 8 {
			t.Errorf("%v", codes)
		}
		held := 0
		for _, b := range bins {
			held += h.held(b)
		}
		if held != 1 || h.held(small) != 8 || h.balance(sku, inventory.InAvailable) != 9 || h.balance(sku, inventory.InReleased) != 8 {
			t.Errorf("held %d and %d, available %d, released %d", held, h.held(small), h.balance(sku, inventory.InAvailable), h.balance(sku, inventory.InReleased))
		}
	})
}

func codeOf(err error) string {
	if err == nil {
		return "taken"
	}
	return fault.Code(err)
}

func TestSuggest(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		tee, mug := h.sku("TEE"), h.sku("MUG")
		first, home := h.place("B-01", place.Shelf, 3), h.place("B-02", place.Shelf, 3)
		h.place("B-00", place.Second, 3)
		if err := h.put(home, "p:1", h.unit(tee, inventory.InAvailable)); err != nil {
			t.Fatal(err)
		}
		for _, tc := range []struct {
			name string
			u    inventory.Unit
			n    int
			want string
		}{
			{"where the product lies", h.unit(tee, inventory.InReleased), 2, home.Code},
			{"not where too few fit", h.unit(tee, inventory.InReleased), 3, first.Code},
			{"the first empty one", h.unit(mug, inventory.InAvailable), 1, first.Code},
			{"second grade apart", h.unit(tee, inventory.InSecondGrade), 1, "B-00"},
			{"no bin is large enough", h.unit(tee, inventory.InReleased), 4, ""},
			{"none for what was not released", h.unit(tee, inventory.InQuarantine), 1, ""},
		} {
			p, ok, err := place.Suggest(t.Context(), d.Read, tc.u, tc.n)
			if err != nil || p.Code != tc.want || ok != (tc.want != "") {
				t.Errorf("%s: %q %v %v, want %q", tc.name, p.Code, ok, err, tc.want)
			}
		}
	})
}

func TestImport(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		rep, err := place.Import(t.Context(), d, strings.NewReader("\uFEFFcode,kind,capacity,warehouse\nB-01,shelf,10,HZ1\nt-01,TOTE_BLUE,20,HZ1\nB-01,shelf,10,HZ1\nT-02,shelf,1,HZ1\n"+
			"BIN,shelf,1,HZ1\nB-03,shelf,0,HZ1\nB-04,shelf,5,XX\nB-05,shelf\n"))
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, p := range rep.Errors {
			codes = append(codes, fmt.Sprint(p.Row, " ", p.Code))
		}
		if rep.Records != 8 || rep.Created != 2 || rep.Unchanged != 1 || rep.Failed != 5 ||
			strings.Join(codes, ", ") != "4 place_kind, 5 place_code, 6 place_capacity, 7 warehouse_not_found, 8 place_capacity" {
			t.Fatalf("%+v %v", rep, codes)
		}
		bin, err := place.Find(t.Context(), d.Read, h.house.ID, "b-01")
		if err != nil {
			t.Fatal(err)
		}
		sku := h.sku("TEE")
		if err := h.put(bin, "p:1", h.unit(sku, inventory.InAvailable), h.unit(sku, inventory.InAvailable)); err != nil {
			t.Fatal(err)
		}
		rep, err = place.Import(t.Context(), d, strings.NewReader("warehouse,code,kind,capacity\nHZ1,B-01,shelf,1\nHZ1,B-01,second,9\nHZ1,B-01,shelf,9\n"))
		if err != nil || rep.Updated != 1 || rep.Failed != 2 || rep.Errors[0].Code != "place_in_use" || rep.Errors[1].Code != "place_in_use" {
			t.Fatalf("%+v %v", rep, err)
		}
		if _, err := place.Import(t.Context(), d, strings.NewReader("code,kind\n")); fault.Code(err) != "csv_header" {
			t.Error(err)
		}
	})
}
