package main

import (
	"testing"
	"time"
)

// The growth figures' store is filled, every act of a return gets the answer it is measured for, and no case is taken twice.
func TestStockedTakesReturnsIn(t *testing.T) {
	f := &Floor{Span: time.Second}
	t.Cleanup(f.Close)
	s, err := newStocked(t.Context(), f, 500)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.DB.Close() })
	took, err := s.takeIn(t.Context(), 60)
	if err != nil {
		t.Fatal(err)
	}
	for i, act := range growthActs {
		if len(took[i]) != 60 {
			t.Errorf("%s: %d times", act.name, len(took[i]))
		}
	}
	var n int64
	if err := s.DB.Read.Raw("SELECT count(*) FROM cases WHERE goods = 'received'").Scan(&n).Error; err != nil || n != 90 {
		t.Errorf("%d cases received, %v", n, err)
	}
	if err := s.DB.Read.Raw("SELECT count(*) FROM waybill_aliases").Scan(&n).Error; err != nil || n != 500*aliasesPer {
		t.Errorf("%d waybill numbers, %v", n, err)
	}
	if _, err := s.takeIn(t.Context(), 11); err == nil {
		t.Error("a hundred returns gave a hundred and one")
	}
}
