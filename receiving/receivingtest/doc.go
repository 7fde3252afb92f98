// Package receivingtest builds small warehouses for tests: an owner, a shop, benches with stations, goods, orders, cases and shipments, and a hand that scans.
//
//	s := receivingtest.New(t, d)
//	tee := s.SKU("TEE-L", receivingtest.GTIN(1))
//	o := s.Order("1001", tee, tee)
//	s.Case("C1", o, []string{"SF1234567890123"})
//	h := s.Hand(s.Bench(3))
//	h.Want("SF1234567890123", scanner.CodeParcelOpened)
//	h.Want(receivingtest.GTIN(1), scanner.CodeMatched)
package receivingtest
