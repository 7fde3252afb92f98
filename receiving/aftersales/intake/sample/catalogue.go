package sample

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/backdock/backdock/receiving/aftersales/intake"
)

//go:embed products.tsv
var productTable string

// product is one line of products.tsv with the SKUs of its specs.
type product struct {
	owner, code string
	priceMinor  int64
	skus        []intake.SKU
}

// catalogue reads the products and gives every spec its SKU, a GTIN and some an own code or a carton code.
func (b *builder) catalogue() {
	n := 0
	for line := range strings.Lines(productTable) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		col := strings.Split(line, "\t")
		price, _ := strconv.ParseInt(col[3], 10, 64)
		weight, _ := strconv.Atoi(col[4])
		p := &product{owner: col[0], code: col[1], priceMinor: price * 100}
		for i, spec := range strings.Split(col[8], "|") {
			part := strings.Split(spec, "=")
			n++
			s := intake.SKU{Owner: p.owner, SKU: fmt.Sprintf("%s-%02d", p.code, i+1), Product: p.code, Name: col[6], NameEN: col[7], Spec: part[0], SpecEN: part[1], Color: part[2],
				Category: col[2], SerialTracked: col[5] == "1", ValueMinor: price * 60, Currency: "CNY", WeightG: weight}
			// 6979990 is a company prefix of nobody known; the item number counts up.
			item := fmt.Sprintf("6979990%05d", n)
			s.Codes = []intake.Code{{Code: item + checkDigit(item), Kind: intake.GTIN}, {Code: s.SKU, Kind: intake.Own}}
			carton := "1" + item
			s.Codes = append(s.Codes, intake.Code{Code: carton + checkDigit(carton), Kind: intake.Carton})
			p.skus = append(p.skus, s)
			b.bySKU[s.SKU] = p
		}
		b.products = append(b.products, p)
		b.day.Catalogue = append(b.day.Catalogue, p.skus...)
	}
}

// checkDigit is GS1's: weights 3, 1, 3, … from the right.
func checkDigit(s string) string {
	sum, weight := 0, 3
	for i := len(s) - 1; i >= 0; i-- {
		sum += int(s[i]-'0') * weight
		weight = 4 - weight
	}
	return strconv.Itoa((10 - sum%10) % 10)
}

func gtin(s intake.SKU) string   { return s.Codes[0].Code }
func carton(s intake.SKU) string { return s.Codes[2].Code }

// of returns the products of an owner; serial chooses those that carry serial numbers, or those that do not.
func (b *builder) of(owner string, serial bool) []*product {
	var out []*product
	for _, p := range b.products {
		if p.owner == owner && p.skus[0].SerialTracked == serial {
			out = append(out, p)
		}
	}
	return out
}

// ordinary are the specs that people buy. The last spec of a product is nobody's: it turns up as what was not asked for, and because no parcel ever awaits it, the
// answer does not depend on what lies open on another bench.
func (p *product) ordinary() []intake.SKU { return p.skus[:max(1, len(p.skus)-1)] }

// odd returns the spec of a product that nobody buys.
func (b *builder) odd(s intake.SKU) intake.SKU {
	skus := b.bySKU[s.SKU].skus
	return skus[len(skus)-1]
}

// unlike returns a SKU that people buy, of another product of the same owner, without serial number.
func (b *builder) unlike(skus ...intake.SKU) intake.SKU {
	return pick(b, b.another(1, skus).ordinary())
}

// stranger returns a SKU that nobody buys, of another product of the same owner.
func (b *builder) stranger(skus ...intake.SKU) intake.SKU {
	return b.odd(b.another(2, skus).skus[0])
}

// another picks a product of the same owner with at least so many specs that none of skus is of.
func (b *builder) another(specs int, skus []intake.SKU) *product {
	for {
		p := pick(b, b.of(skus[0].Owner, false))
		same := len(p.skus) < specs
		for _, have := range skus {
			same = same || have.Product == p.code
		}
		if !same {
			return p
		}
	}
}
