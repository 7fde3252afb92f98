package main

import (
	"context"
	"fmt"
	"path/filepath"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/receiving"
)

// Enrol makes a station of every bench, as its agent would, and returns their tokens. data holds the key ring of the server.
func (s *Scene) Enrol(ctx context.Context, data string) ([]string, error) {
	ring, err := secret.LoadFile(filepath.Join(data, "keyring"), true)
	if err != nil {
		return nil, err
	}
	keeper := auth.New(s.DB, event.NewLog(s.DB, clock.System{}), clock.System{}, ring, auth.Options{})
	tokens := make([]string, len(s.Benches))
	for i, b := range s.Benches {
		code := id.Code()
		if _, _, err := keeper.CreateStation(ctx, auth.NewStation{Name: fmt.Sprintf("station %d", i+1), Bench: b, Code: code}); err != nil {
			return nil, err
		}
		if tokens[i], _, err = keeper.Enrol(ctx, code, "bench", "127.0.0.1"); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

// Stations puts a station at every bench without enrolling it, for desks in this process.
func (s *Scene) Stations(ctx context.Context) ([]id.Station, error) {
	rows := make([]receiving.Station, len(s.Benches))
	out := make([]id.Station, len(rows))
	now := clock.System{}.Now()
	for i, b := range s.Benches {
		out[i] = id.Station(i + 1)
		rows[i] = receiving.Station{ID: out[i], Name: fmt.Sprintf("station %d", i+1), WarehouseID: 1, BenchID: b, Devices: "[]", CreatedAt: now, EnrolledAt: &now}
	}
	return out, s.DB.InTx(ctx, func(tx *gorm.DB) error { return tx.Create(&rows).Error })
}
