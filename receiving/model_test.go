package receiving_test

import (
	"reflect"
	"testing"

	"gorm.io/gorm/schema"
	"sync"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/order"
)

// GORM guesses column names; every guess must be a column of the schema, on both databases, and nothing may be left out.
func TestModelsMatchTheSchema(t *testing.T) {
	models := []any{
		catalogue.Owner{}, catalogue.Shop{}, catalogue.Policy{}, catalogue.SKU{}, catalogue.Code{}, place.Warehouse{},
		inventory.Unit{}, inventory.Movement{}, inventory.Balance{}, qc.Inspection{},
		order.Order{}, order.Line{}, order.Serial{}, order.Payment{}, order.OrderPayment{}, order.Shipment{}, order.ShipmentLine{},
		aftersales.Case{}, aftersales.CaseLine{}, aftersales.Task{},
		refund.Refund{}, refund.Line{}, refund.Attempt{}, refund.StoredNotice{},
		receiving.Parcel{}, receiving.Receipt{}, receiving.ReceiptLine{}, receiving.Alias{}, receiving.Bench{}, receiving.Station{}, receiving.Producer{},
		receiving.Outcome{}, receiving.Lease{},
	}
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		for _, m := range models {
			s, err := schema.Parse(m, &sync.Map{}, schema.NamingStrategy{})
			if err != nil {
				t.Fatal(err)
			}
			types, err := d.Read.Migrator().ColumnTypes(reflect.New(reflect.TypeOf(m)).Interface())
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{}
			for _, c := range types {
				want[c.Name()] = true
			}
			for _, f := range s.Fields {
				if f.DBName == "" { // gorm:"-"
					continue
				}
				if !want[f.DBName] {
					t.Errorf("%s.%s: no column %s", s.Table, f.Name, f.DBName)
				}
				delete(want, f.DBName)
			}
			for c := range want {
				t.Errorf("%s.%s has no field", s.Table, c)
			}
		}
	})
}
