package expected

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"runtime"
	"testing"

	"github.com/backdock/backdock/scanner/wire"
)

const (
	budget    = 30 << 20 // on the wire, in memory and on the disk
	cases     = 200_000
	products  = 50_000
	pageCases = 4_000 // as the server's pages
)

// warehouse makes the pages of a snapshot of cases: each with a return and an outbound waybill, a case and an order number, one to three lines of products
// with a GTIN, an own code and the SKU; one line in twenty is of a phone with its serial.
func warehouse(yield func([]byte)) {
	h := wire.NewHasher("a station's token")
	p := wire.ExpectedPage{Begin: true}
	in := map[uint64]bool{}
	for n := range uint64(cases) {
		number := func(role wire.Role, kind wire.SumKind, text string) wire.ExpectedKey {
			return wire.ExpectedKey{Role: role, Sum: h.Sum(kind, fmt.Sprint(text, n))}
		}
		r := wire.ExpectedReturn{Ref: n << 1, Keys: []wire.ExpectedKey{number(wire.RoleReturn, wire.SumWaybill, "SF"), number(wire.RoleOutbound, wire.SumWaybill, "YT"),
			number(wire.RoleCase, wire.SumNumber, "C"), number(wire.RoleOrder, wire.SumNumber, "O")}}
		for line := range 1 + n%3 {
			sku := mix(n*3+line) % products
			l := wire.ExpectedLine{SKU: sku, Count: 1 + n%2}
			if (n+line)%20 == 0 {
				l.Serials = []uint64{h.Sum(wire.SumSerial, fmt.Sprint(n, line))}
			}
			r.Lines = append(r.Lines, l)
			if !in[sku] {
				in[sku] = true
				p.SKUs = append(p.SKUs, wire.ExpectedSKU{ID: sku, Codes: []uint64{h.Sum(wire.SumCode, fmt.Sprint("gtin", sku)), h.Sum(wire.SumCode, fmt.Sprint("own", sku)), h.Sum(wire.SumCode, fmt.Sprint("sku", sku))}})
			}
		}
		if p.Returns = append(p.Returns, r); len(p.Returns) == pageCases {
			p.Complete = n == cases-1
			yield(p.Encode())
			p, in = wire.ExpectedPage{}, map[uint64]bool{}
		}
	}
}

// 200,000 cases fit into the budget on the wire, in memory (tables and records as counted, and the heap as the runtime counts it) and on the disk.
func TestSizeOfTwoHundredThousandCases(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	raw, packed := 0, 0
	before := heap()
	warehouse(func(b []byte) {
		var z bytes.Buffer
		w, err := gzip.NewWriterLevel(&z, gzip.BestSpeed)
		if err == nil {
			_, err = w.Write(b)
		}
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		raw += len(b)
		packed += z.Len()
		if _, err := c.Apply(b, at); err != nil {
			t.Fatal(err)
		}
	})
	grown := heap() - before
	memory, disk, returns, skus := c.Size()
	t.Logf("%d returns, %d products: %.1f MB on the wire (%.1f MB without compression), %.1f MB on the disk, %.1f MB of records and tables, heap grown by %.1f MB",
		returns, skus, mb(packed), mb(raw), mb(int(disk)), mb(memory), mb(grown))
	if returns != cases || skus < products*9/10 {
		t.Fatalf("%d returns, %d products", returns, skus)
	}
	for what, n := range map[string]int{"wire": packed, "disk": int(disk), "memory": memory, "heap": grown} {
		if n > budget {
			t.Errorf("%s: %.1f MB are over the budget", what, mb(n))
		}
	}
	h := wire.NewHasher("a station's token")
	if hits := c.Number(h.Sum(wire.SumWaybill, fmt.Sprint("SF", cases-1))); len(hits) != 1 || hits[0].Ref != (cases-1)<<1 {
		t.Errorf("the last case: %+v", hits)
	}
	runtime.KeepAlive(c)
}

func mb(n int) float64 { return float64(n) / (1 << 20) }

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// BenchmarkLookup is one question for a number among 200,000 cases.
func BenchmarkLookup(b *testing.B) {
	c, err := Open(b.TempDir(), 7)
	if err != nil {
		b.Fatal(err)
	}
	warehouse(func(page []byte) {
		if _, err := c.Apply(page, at); err != nil {
			b.Fatal(err)
		}
	})
	h := wire.NewHasher("a station's token")
	for i := 0; b.Loop(); i++ {
		if len(c.Number(h.Sum(wire.SumWaybill, fmt.Sprint("SF", i%cases)))) != 1 {
			b.Fatal("not found")
		}
	}
}
