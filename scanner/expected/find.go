package expected

import (
	"slices"

	"github.com/backdock/backdock/scanner/wire"
)

// Hit is a return that a number leads to.
type Hit struct {
	wire.ExpectedReturn
	Role wire.Role
}

// Number finds the returns that a number names, given its sum: of SumWaybill or SumNumber.
func (c *Cache) Number(sum uint64) []Hit {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []Hit
	c.find(sum, func(r wire.ExpectedReturn) {
		for _, k := range r.Keys {
			if k.Sum == sum {
				out = append(out, Hit{ExpectedReturn: r, Role: k.Role})
				return
			}
		}
	})
	return out
}

// Serial finds the products of which a piece with this serial is awaited, given its SumSerial.
func (c *Cache) Serial(sum uint64) (skus []uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	c.find(sum, func(r wire.ExpectedReturn) {
		for _, l := range r.Lines {
			if slices.Contains(l.Serials, sum) && !slices.Contains(skus, l.SKU) {
				skus = append(skus, l.SKU)
			}
		}
	})
	return skus
}

func (c *Cache) find(sum uint64, fn func(wire.ExpectedReturn)) {
	if c.now == nil {
		return
	}
	var seen []uint64
	c.now.keys.each(sum, func(offset uint32) bool {
		// Neighbours in the table are other numbers' returns; a return may stand there twice.
		if r, live := c.now.returnAt(offset); live && !slices.Contains(seen, r.Ref) {
			seen = append(seen, r.Ref)
			fn(r)
		}
		return true
	})
}

// Code finds the products that a code names, given its SumCode.
func (c *Cache) Code(sum uint64) (skus []uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.now == nil {
		return nil
	}
	c.now.codes.each(sum, func(offset uint32) bool {
		if sku, live := c.now.skuAt(offset); live && slices.Contains(sku.Codes, sum) && !slices.Contains(skus, sku.ID) {
			skus = append(skus, sku.ID)
		}
		return true
	})
	return skus
}

// Known reports whether a snapshot is in force: without one nothing can be said about anything.
func (c *Cache) Known() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.now != nil
}
