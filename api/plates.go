package api

import (
	"context"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/report"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/sticker"
	"github.com/backdock/backdock/scanner/wire"
)

type newRoll struct {
	Body struct {
		Warehouse string `json:"warehouse" minLength:"1" maxLength:"40"`
		Count     int    `json:"count" minimum:"1" maximum:"2000" doc:"labels on the roll"`
		Label     string `json:"label,omitempty" maxLength:"20" doc:"label stock in millimetres, as 50x30"`
		DPI       string `json:"dpi,omitempty" enum:"203,300,600"`
		Symbol    string `json:"symbol,omitempty" enum:"code128,datamatrix"`
	}
}

// NewRoll is a roll with what a label printer is sent for it. The job is shown here and never again: printed twice, its numbers would be on two labels.
type NewRoll struct {
	report.RollRow
	ZPL string `json:"zpl"`
}

type benchPlates struct {
	Body struct {
		Bench string `json:"bench" minLength:"1" maxLength:"100" doc:"warehouse code and bench number, as HZ1/3"`
		Mode  string `json:"mode" enum:"printed,preprinted" doc:"printed: a label for each piece, as its plate is leased to the station; preprinted: from a roll"`
	}
}

// plateModes are the modes by their public names.
var plateModes = map[string]scanner.PlateMode{"printed": scanner.PlatesPrinted, "preprinted": scanner.PlatesPreprinted}

func (s *Server) routesPlates() {
	register(s, route{method: "GET", path: "/plates/rolls", id: "list-plate-rolls", summary: "Rolls of license plates and how much of them is used, the newest first", tag: "stations", access: runsFloor},
		func(ctx context.Context, who caller, _ *nothing) (*out[report.Page[report.RollRow]], error) {
			return reply(s.report.Rolls(ctx, who.Scope))
		})
	register(s, route{method: "POST", path: "/plates/rolls", id: "create-plate-roll", summary: "Lease the plates of a roll and lay out its labels", tag: "stations", access: runsFloor}, s.createRoll)
	register(s, route{method: "POST", path: "/benches/plates", id: "set-bench-plates", summary: "Say where a bench's plates come from", tag: "stations", access: runsFloor}, s.setPlates)
}

func (s *Server) createRoll(ctx context.Context, who caller, in *newRoll) (*out[NewRoll], error) {
	if s.d.Plates == nil {
		return nil, errNotWired
	}
	f, err := sticker.ParseFormat(func(key string) string {
		return map[string]string{"label": in.Body.Label, "dpi": in.Body.DPI, "symbol": in.Body.Symbol}[key]
	})
	if err != nil {
		return nil, fault.New(fault.Invalid, "label_format", "%s", err.Error())
	}
	w, err := s.report.WarehouseNamed(ctx, who.Scope, in.Body.Warehouse)
	if err != nil {
		return nil, err
	}
	var roll wire.Block
	return write(ctx, s, func(ctx context.Context) (err error) {
		roll, err = s.d.Plates.Roll(ctx, w.ID, in.Body.Count, who.User)
		return err
	}, func(ctx context.Context) (NewRoll, error) {
		row, err := s.report.Roll(ctx, roll.First)
		if err != nil {
			return NewRoll{}, err
		}
		zpl, err := rollOf(roll, f)
		return NewRoll{RollRow: row, ZPL: zpl}, err
	})
}

// rollOf lays out the labels of a roll.
func rollOf(b wire.Block, f sticker.Format) (string, error) {
	var zpl []byte
	for i := range int64(b.Count) {
		page, err := sticker.Plate{Number: scanner.Plate(b.First + i)}.Page(f)
		if err != nil {
			return "", fault.New(fault.Invalid, "label_format", "%s", err.Error())
		}
		zpl = append(zpl, sticker.ZPL(page)...)
	}
	return string(zpl), nil
}

func (s *Server) setPlates(ctx context.Context, who caller, in *benchPlates) (*out[report.BenchRow], error) {
	if s.d.Plates == nil {
		return nil, errNotWired
	}
	bench, err := s.report.BenchNamed(ctx, who.Scope, in.Body.Bench)
	if err != nil {
		return nil, err
	}
	return write(ctx, s, func(ctx context.Context) error {
		return s.d.Plates.Mode(ctx, bench.ID, plateModes[in.Body.Mode], who.User)
	},
		func(ctx context.Context) (report.BenchRow, error) {
			b, err := s.report.Bench(ctx, bench.ID)
			return b.Row(), err
		})
}

// PlateOffice holds what people do with license plates.
type PlateOffice interface {
	Roll(ctx context.Context, w id.Warehouse, count int, by id.User) (wire.Block, error)
	Mode(ctx context.Context, bench id.Bench, mode scanner.PlateMode, by id.User) error
}
