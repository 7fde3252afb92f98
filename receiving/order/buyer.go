package order

import "fmt"

// SealedName, SealedPhone and SealedAddress name the place of a buyer's field: a value sealed for one place does not open in another. The place is made of
// what never changes about an order, so that it is known before the row has an id.
func (o Order) SealedName() string    { return o.sealed("name") }
func (o Order) SealedPhone() string   { return o.sealed("phone") }
func (o Order) SealedAddress() string { return o.sealed("address") }

func (o Order) sealed(field string) string {
	return fmt.Sprintf("orders.buyer_%s/%d/%s", field, o.ShopID, o.Number)
}
