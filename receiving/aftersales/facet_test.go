package aftersales_test

import (
	"slices"
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales"
)

// The Go tables and the seeded look-up tables must name the same states: a foreign key would refuse what only Go knows.
func TestFacetsMatchTheLookUpTables(t *testing.T) {
	tables := map[aftersales.Facet]string{aftersales.Decision: "case_decisions", aftersales.Goods: "case_goods", aftersales.Judgement: "case_judgements", aftersales.Money: "case_moneys"}
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		for f, table := range tables {
			var seeded []string
			if err := d.Read.Table(table).Pluck("code", &seeded).Error; err != nil {
				t.Fatal(err)
			}
			for from, tos := range aftersales.Next[f] {
				for _, s := range append([]string{from}, tos...) {
					if !slices.Contains(seeded, s) {
						t.Errorf("%s: %q is not in %s", f, s, table)
					}
				}
			}
			for _, s := range seeded {
				if _, ok := aftersales.Next[f][s]; !ok {
					t.Errorf("%s: no way out of %q", f, s)
				}
			}
			for _, s := range aftersales.Resting[f] {
				if !slices.Contains(seeded, s) {
					t.Errorf("%s: resting state %q is unknown", f, s)
				}
			}
		}
	})
}
