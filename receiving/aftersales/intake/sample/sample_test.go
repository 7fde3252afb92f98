package sample_test

import (
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/intake/sample"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

func TestTheDayIsBigEnoughAndShowsEverything(t *testing.T) {
	t.Parallel()
	d := sample.Make(sample.Options{})
	if d.Parcels < 220 || d.Pieces < 450 {
		t.Errorf("%d parcels, %d pieces", d.Parcels, d.Pieces)
	}
	seen := map[scanner.Code]int{}
	for _, s := range d.Script {
		seen[s.Want]++
		if s.Bench < 1 || s.Bench > sample.Benches || s.Data == "" || s.Note == "" || s.NoteEN == "" || s.Scene == "" {
			t.Errorf("incomplete step %+v", s)
		}
	}
	for _, c := range []scanner.Code{scanner.CodeMatched, scanner.CodeOver, scanner.CodeExtra, scanner.CodeUndeclared, scanner.CodeWrongItem, scanner.CodeWrongSpec,
		scanner.CodeSerialMismatch, scanner.CodeSerialTaken, scanner.CodeUnknownItem, scanner.CodeClosed, scanner.CodeClosedShort, scanner.CodeZeroPieces,
		scanner.CodeEmptyConfirmed, scanner.CodeOldLabel, scanner.CodeOwnerUnknownOpened, scanner.CodeCaseOver, scanner.CodeRefundedAlready, scanner.CodeAlreadyReceived,
		scanner.CodeScanWaybillFirst, scanner.CodeScanTheTag, scanner.CodePreviousOpen, scanner.CodeDoubleRead, scanner.CodeUndone, scanner.CodeHeld, scanner.CodeParcelHeld,
		scanner.CodeResumed, scanner.CodeConditionSet, scanner.CodeAliasAdded, scanner.CodeUnknownCode, scanner.CodeUnitShown} {
		if seen[c] == 0 {
			t.Errorf("nothing shows %s", c)
		}
	}
}

func TestTheSameOptionsGiveTheSameDay(t *testing.T) {
	t.Parallel()
	o := sample.Options{Now: time.Date(2027, 3, 2, 4, 0, 0, 0, time.UTC), Seed: 9}
	if !reflect.DeepEqual(sample.Make(o), sample.Make(o)) {
		t.Fatal("two days differ")
	}
	if other := sample.Make(sample.Options{Now: o.Now, Seed: 10}); reflect.DeepEqual(sample.Make(o).Orders, other.Orders) {
		t.Fatal("another seed gives the same orders")
	}
}

func TestCodesAreWhatTheyLookLike(t *testing.T) {
	t.Parallel()
	d := sample.Make(sample.Options{})
	color := regexp.MustCompile(`^#[0-9a-f]{6}$`)
	for _, s := range d.Catalogue {
		if g, ok := barcode.GTIN(s.Codes[0].Code); !ok || g != s.Codes[0].Code || !color.MatchString(s.Color) || s.NameEN == "" || s.SpecEN == "" || s.Category == "" || s.ValueMinor == 0 {
			t.Errorf("SKU %+v", s)
		}
	}
	waybill := func(number string) {
		if c, ok := barcode.Read(number, "").Waybill(barcode.Low); !ok || c.Number != number {
			t.Errorf("%s is no waybill", number)
		}
	}
	for _, o := range d.Orders {
		for _, s := range o.Shipments {
			waybill(s.Waybill)
		}
		var paid, captured int64
		for _, l := range o.Lines {
			paid += l.PaidMinor
		}
		for _, p := range o.Payments {
			captured += p.AmountMinor
		}
		if paid != captured {
			t.Errorf("order %s: paid %d, captured %d", o.Number, paid, captured)
		}
	}
	for _, c := range d.Cases {
		for _, w := range c.Waybills {
			waybill(w.Number)
		}
	}
}

func TestTheDayImports(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		ring, err := secret.Parse(secret.Generate())
		if err != nil {
			t.Fatal(err)
		}
		day := sample.Make(sample.Options{})
		im := intake.New(d, event.NewLog(d, clock.NewFake(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC))), ring, intake.Hooks{})
		for range 2 {
			if err := im.Site(t.Context(), day.Site); err != nil {
				t.Fatal(err)
			}
		}
		load := func(again bool) {
			for _, f := range []struct {
				name string
				run  func() (intake.Report, error)
			}{
				{"catalogue", func() (intake.Report, error) { return im.Catalogue(t.Context(), day.Catalogue) }},
				{"orders", func() (intake.Report, error) { return im.Orders(t.Context(), day.Orders) }},
				{"cases", func() (intake.Report, error) { return im.Cases(t.Context(), day.Cases) }},
			} {
				rep, err := f.run()
				if err != nil || rep.ErrorsTotal+rep.WarningsTotal > 0 {
					t.Fatalf("%s: %v, %+v", f.name, err, rep)
				}
				if f.name != "catalogue" && rep.Folded == 0 {
					t.Errorf("%s: no duplicate was folded", f.name)
				}
				if again && rep.Created+rep.Updated > 0 || !again && rep.Created+rep.Folded != rep.Records {
					t.Errorf("%s, again %v: %+v", f.name, again, rep)
				}
			}
		}
		load(false)
		var events int64
		d.Read.Table("events").Count(&events)
		load(true)
		var after int64
		d.Read.Table("events").Count(&after)
		if events == 0 || events != after {
			t.Errorf("events before %d, after the second import %d", events, after)
		}
	})
}
