package desk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// onScale scans a code with a box on the scale.
func (s *scene) onScale(data string, grams int64, stable bool) scanner.Outcome {
	s.T.Helper()
	scan := s.Next(data)
	scan.WeightGrams, scan.WeightStable = grams, stable
	a, err := s.Send(scan)
	if err != nil {
		s.T.Fatal(err)
	}
	return a.Outcomes[0]
}

// What a box should weigh, and when it is light. The order of the scene has two tees of 200 g and a cap of 80 g; the case asks the tees back.
func TestLightBox(t *testing.T) {
	type box struct {
		name, setUp string
		grams       int64
		stable      bool
		code        scanner.Code
		expected    int
	}
	weights := "UPDATE skus SET weight_g = CASE code WHEN 'TEE-L' THEN 200 WHEN 'CAP-U' THEN 80 ELSE 0 END"
	packed := weights + "; UPDATE shipments SET packed_weight_g = 600"
	stories(t, []box{
		{"goods alone", weights, 400, true, scanner.CodeParcelOpened, 400},
		{"within the tolerance of 100 g", weights, 301, true, scanner.CodeParcelOpened, 400},
		{"lacks more", weights, 299, true, scanner.CodeLightParcel, 400},
		{"empty", weights, 35, true, scanner.CodeLightParcel, 400},
		{"heavier is no trouble", weights, 4000, true, scanner.CodeParcelOpened, 400},
		{"not at rest is not judged", weights, 35, false, scanner.CodeParcelOpened, 0},
		{"nothing on the scale", weights, 0, true, scanner.CodeParcelOpened, 0},
		{"packed weight less the cap that stays with the buyer", packed, 421, true, scanner.CodeParcelOpened, 520},
		{"light against the packed weight", packed, 419, true, scanner.CodeLightParcel, 520},
		{"packed weight less the tee that came before", packed + "; UPDATE case_lines SET received = 1", 219, true, scanner.CodeLightParcel, 320},
		{"the weight of what stays is not known", packed + "; UPDATE skus SET weight_g = 0 WHERE code = 'CAP-U'", 299, true, scanner.CodeLightParcel, 400},
		{"nothing is known", "UPDATE skus SET weight_g = 0", 5, true, scanner.CodeParcelOpened, 0},
		{"a tee without weight, the packed weight known", packed + "; UPDATE skus SET weight_g = 0 WHERE code = 'TEE-L'", 419, true, scanner.CodeLightParcel, 520},
		{"a generous owner", packed + "; UPDATE policies SET light_percent = 50", 261, true, scanner.CodeParcelOpened, 520},
		{"a strict owner", packed + "; UPDATE policies SET light_percent = 0, light_g = 0", 519, true, scanner.CodeLightParcel, 520},
		{"an owner without a policy", packed + "; DELETE FROM policies", 419, true, scanner.CodeLightParcel, 520},
	}, func(b box) string { return b.name }, func(t *testing.T, site *receivingtest.Site, tc box) {
		s := newScene(site)
		s.Shipment("SF7777777777777", "delivered", s.order)
		s.Exec(tc.setUp)
		o := s.onScale(way, tc.grams, tc.stable)
		if o.Code != tc.code || len(o.Effects) == 0 || o.Effects[len(o.Effects)-1].Kind != scanner.EffectParcelOpened {
			t.Fatalf("%+v, want %s and an open parcel", o, tc.code)
		}
		light := tc.code == scanner.CodeLightParcel
		if light && (o.Verdict != scanner.Attention || o.Params["measured_g"] != fmt.Sprint(tc.grams) || o.Params["expected_g"] != fmt.Sprint(tc.expected) || o.Params["expected"] == "") {
			t.Errorf("%+v", o)
		}
		want := int(tc.grams)
		if !tc.stable {
			want = 0
		}
		p := receivingtest.One[receiving.Parcel](s.Site, "SELECT * FROM parcels ORDER BY id DESC LIMIT 1")
		if p.WeightG != want || p.ExpectedG != tc.expected || p.Light != light || (p.WeighedAt != nil) != (want > 0) {
			t.Errorf("parcel %+v", p)
		}
		v := s.View.Parcel
		if v == nil || v.WeightGrams != int64(want) || v.ExpectedGrams != int64(tc.expected) || v.Light != light {
			t.Errorf("view %+v", v)
		}
		type kept struct {
			WeightG      int
			WeightStable bool
		}
		if got := receivingtest.One[kept](s.Site, "SELECT weight_g, weight_stable FROM outcomes WHERE seq = ?", s.Seq); got != (kept{int(tc.grams), tc.stable}) {
			t.Errorf("the scan keeps %+v", got)
		}
		data := receivingtest.One[string](s.Site, "SELECT data FROM events WHERE type = 'backdock.parcel.opened.v1'")
		if has := strings.Contains(data, `"weight_g":`+fmt.Sprint(tc.grams)); has != (want > 0) || strings.Contains(data, `"light":true`) != light {
			t.Errorf("event %s", data)
		}
	})
}

// A light box is weighed again by scanning its label once more; when pieces were taken out its weight says nothing any more.
func TestWeighAgain(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.Exec("UPDATE skus SET weight_g = 200")
		if o := s.onScale(way, 50, true); o.Code != scanner.CodeLightParcel {
			t.Fatalf("%+v", o)
		}
		s.Want(way, scanner.CodeLightParcel) // without a weight the judgement stands
		if o := s.onScale(way, 410, true); o.Code != scanner.CodeParcelOpened || len(o.Effects) != 0 {
			t.Fatalf("%+v", o)
		}
		if n := receivingtest.One[int](s.Site, "SELECT count(*) FROM events WHERE type = 'backdock.parcel.weighed.v1'"); n != 1 {
			t.Errorf("%d events", n)
		}
		s.Want(gtin(tee), scanner.CodeMatched)
		if o := s.onScale(way, 20, true); o.Code != scanner.CodeParcelOpened {
			t.Errorf("%+v", o)
		}
		if p := receivingtest.One[receiving.Parcel](s.Site, "SELECT * FROM parcels ORDER BY id DESC LIMIT 1"); p.WeightG != 410 || p.Light {
			t.Errorf("%+v", p)
		}
	})
}

// EMPTY keeps the weight of the empty box beside the weight it arrived with; a parcel of unknown owner keeps its weight, too.
func TestEmptyKeepsTheWeight(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.Exec("UPDATE skus SET weight_g = 200")
		s.onScale(way, 60, true)
		if o := s.onScale("BD:EMPTY", 58, true); o.Code != scanner.CodeEmptyConfirmed || o.Params["weight_g"] != "58" {
			t.Fatalf("%+v", o)
		}
		if p := receivingtest.One[receiving.Parcel](s.Site, "SELECT * FROM parcels ORDER BY id DESC LIMIT 1"); p.WeightG != 60 || p.EmptyG != 58 || !p.Light || p.State != receiving.Closed {
			t.Errorf("%+v", p)
		}
		if data := receivingtest.One[string](s.Site, "SELECT data FROM events WHERE type = 'backdock.parcel.emptied.v1'"); !strings.Contains(data, `"empty_g":58`) || !strings.Contains(data, `"weight_g":60`) {
			t.Errorf("event %s", data)
		}
		if o := s.onScale("BD:NO-LABEL", 900, true); o.Code != scanner.CodeOwnerUnknownOpened {
			t.Fatalf("%+v", o)
		}
		if p := receivingtest.One[receiving.Parcel](s.Site, "SELECT * FROM parcels ORDER BY id DESC LIMIT 1"); p.WeightG != 900 || p.ExpectedG != 0 || p.Light {
			t.Errorf("%+v", p)
		}
	})
}

// A scan that is repeated with its weight after it was sent without is the same scan.
func TestWeightIsNoConflict(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		scan := s.Next(way)
		bare := scan
		first, err := s.Send(bare)
		if err != nil {
			t.Fatal(err)
		}
		scan.WeightGrams, scan.WeightStable = 77, true
		again, err := s.Send(scan)
		if err != nil || again.Outcomes[0].Code != first.Outcomes[0].Code {
			t.Fatalf("%+v %v", again, err)
		}
	})
}
