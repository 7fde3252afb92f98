package desk_test

import (
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

type idCase = id.Case

func (s *scene) sku(code string) catalogue.SKU {
	s.T.Helper()
	return receivingtest.One[catalogue.SKU](s.Site, "SELECT * FROM skus WHERE code = ?", code)
}

// IMEIs with right Luhn digits.
const (
	imei1 = "490154203237518"
	imei2 = "356938035643809"
	imei3 = "352099001761481"
)

// A phone is the one that was sold, or it is not.
func TestSerials(t *testing.T) {
	stories(t, []story{
		{"its IMEI", imei1 + " → matched\n" + imei1 + " → serial_taken\n" + imei2 + " → matched"},
		{"never sold on this order", imei3 + " → serial_mismatch\n" + imei3 + " → serial_taken\n" + imei1 + " → matched"},
		{"product code first, then the IMEI", gtin(7) + " → scan_serial\n" + imei1 + " → matched"},
		{"product code first, then a serial of another", gtin(7) + " → scan_serial\nSN-OF-ANOTHER → serial_mismatch"},
		{"asked for, and something else comes", gtin(7) + " → scan_serial\n" + gtin(8) + " → matched\n" + imei1 + " → matched"},
		{"product and serial in one symbol", "(01)0" + gtin(7) + "(21)" + imei1 + " → matched\n(01)0" + gtin(7) + "(21)X1 → serial_mismatch"},
		{"a serial that may have lost its separator is asked for", "010" + gtin(7) + "21" + imei1 + " → scan_serial\n" + imei1 + " → matched"},
		{"no serials recorded: taken as it is", gtin(8) + " → matched\n" + gtin(8) + " → over"},
		{"no serials recorded: the IMEI is kept", "(01)0" + gtin(8) + "(21)Z9 → matched\n(01)0" + gtin(8) + "(21)Z9 → serial_taken"},
	}, story.title, func(t *testing.T, site *receivingtest.Site, tc story) {
		s := &scene{Site: site}
		phone, watch := s.Phone("PHONE-128", gtin(7)), s.Phone("WATCH-1", gtin(8))
		o := s.Order("2001", phone, phone, watch)
		s.Serials(o.Lines[0], imei1, imei2)
		s.Case("P1", o, []string{way})
		s.Hand = site.Hand(site.Bench(1))
		s.Want(way, scanner.CodeParcelOpened)
		s.run(tc.text)
	})
}

// A serial that came in at another bench, in another parcel, is not taken twice.
func TestSerialTakenElsewhere(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		phone := s.Phone("PHONE-128", gtin(7))
		a, b := s.Order("1", phone), s.Order("2", phone)
		s.Serials(a.Lines[0], imei1)
		s.Serials(b.Lines[0], imei1) // reshipped after its first return
		s.Case("A", a, []string{"SF0000000000001"})
		s.Case("B", b, []string{"SF0000000000002"})
		one, two := s.Hand(s.Bench(1)), s.Hand(s.Bench(2))
		one.Want("SF0000000000001", scanner.CodeParcelOpened)
		two.Want("SF0000000000002", scanner.CodeParcelOpened)
		plate := one.Want(imei1, scanner.CodeMatched).Plate
		if o := two.Want(imei1, scanner.CodeSerialTaken); o.Params["plate"] != plate || o.Verdict != scanner.Duplicate {
			t.Fatalf("%+v, want plate %s", o, plate)
		}
		one.Want("BD:UNDO", scanner.CodeUndone)
		two.Want(imei1, scanner.CodeMatched)
	})
}
