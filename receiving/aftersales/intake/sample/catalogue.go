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

// other returns another spec of the same product.
func (b *builder) other(s intake.SKU) intake.SKU {
	for _, o := range b.bySKU[s.SKU].skus {
		if o.SKU != s.SKU {
			return o
		}
	}
	panic("product " + s.Product + " has one spec only")
}

// unlike returns a SKU of another product of the same owner, without serial number.
func (b *builder) unlike(skus ...intake.SKU) intake.SKU {
	for {
		s := pick(b, pick(b, b.of(skus[0].Owner, false)).skus)
		same := false
		for _, have := range skus {
			same = same || have.Product == s.Product
		}
		if !same {
			return s
		}
	}
}
