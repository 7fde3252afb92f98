package desk_test

import (
	"fmt"
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// One operation is one scan. Each bench opens parcels of 14 pieces: a batch of sixteen is a whole parcel.
func BenchmarkAccept(b *testing.B) {
	for _, dialect := range []db.Dialect{db.Postgres, db.SQLite} {
		for _, size := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/batch=%d/pieces", dialect, size), func(b *testing.B) { accept(b, dialect, size, pieces) })
			b.Run(fmt.Sprintf("%s/batch=%d/parcels", dialect, size), func(b *testing.B) { accept(b, dialect, size, parcels) })
		}
	}
}

const benches = 16

// pieces are scans of one endless parcel.
func pieces(b *testing.B, s *receivingtest.Site, skus []catalogue.SKU, bench, scans int) []string {
	o := s.Order(fmt.Sprint("N", bench), skus[bench])
	s.Exec("UPDATE order_lines SET quantity = ? WHERE order_id = ?", scans+1, o.ID)
	o.Lines[0].Quantity = scans + 1
	number := fmt.Sprintf("SF%013d", bench)
	s.Case(fmt.Sprint("C", bench), o, []string{number})
	return append([]string{number}, repeat(gtin(100+bench), scans)...)
}

// parcels are whole ones: waybill, fourteen pieces, DONE.
func parcels(b *testing.B, s *receivingtest.Site, skus []catalogue.SKU, bench, scans int) []string {
	var out []string
	for n := 0; len(out) < scans+1; n++ {
		k := bench*100_000 + n
		number := fmt.Sprintf("SF%013d", k)
		s.Case(fmt.Sprint("C", k), s.Order(fmt.Sprint("N", k), repeat(skus[bench], 14)...), []string{number})
		out = append(append(append(out, number), repeat(gtin(100+bench), 14)...), "BD:DONE")
	}
	return out[:scans+1]
}

func accept(b *testing.B, dialect db.Dialect, size int, script func(*testing.B, *receivingtest.Site, []catalogue.SKU, int, int) []string) {
	d := testkit.Open(b, dialect)
	s := receivingtest.New(b, d)
	var skus []catalogue.SKU
	for i := range benches {
		skus = append(skus, s.SKU(fmt.Sprintf("SKU%d-L", i), gtin(100+i)))
	}
	each := (b.N + benches - 1) / benches
	hands, scripts := make([]*receivingtest.Hand, benches), make([][]string, benches)
	for i := range benches {
		hands[i] = s.Hand(s.Bench(i + 1))
		hands[i].Plates.First, hands[i].Plates.Count = lease(b, s, hands[i], each+1)
		hands[i].UsePlates = true
		scripts[i] = script(b, s, skus, i, each)
		hands[i].Want(scripts[i][0], scanner.CodeParcelOpened)
		scripts[i] = scripts[i][1:]
	}
	done := make(chan error, benches)
	b.ResetTimer()
	for i := range benches {
		go func() {
			h, todo := hands[i], scripts[i]
			for len(todo) > 0 {
				n := min(size, len(todo))
				scans := make([]scanner.Scan, n)
				for k, data := range todo[:n] {
					scans[k] = h.Next(data)
				}
				if _, err := h.Send(scans...); err != nil {
					done <- err
					return
				}
				todo = todo[n:]
			}
			done <- nil
		}()
	}
	for range benches {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(each*benches)/b.Elapsed().Seconds(), "scans/s")
}

// lease gives a hand plates in as many blocks as it needs; blocks of one hand follow one another because nobody else leases meanwhile.
func lease(b *testing.B, s *receivingtest.Site, h *receivingtest.Hand, n int) (int64, int) {
	var first int64
	got := 0
	for got < n {
		block, err := s.Desk.Lease(b.Context(), h.Bench.Station.ID, min(10_000, n-got))
		if err != nil {
			b.Fatal(err)
		}
		if got == 0 {
			first = block.First
		}
		got += block.Count
	}
	return first, got
}
