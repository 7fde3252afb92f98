package main

import (
	"context"
	"io"
	"log/slog"
	"strconv"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/scanner/sticker"
)

type placesCmd struct {
	Labels placesLabelsCmd `cmd:"" help:"Write the labels of bins and totes as ZPL to standard output."`
}

type placesLabelsCmd struct {
	storeFlags
	Warehouse string `help:"Warehouse code." required:""`
	Kind      string `help:"Only places of one kind, such as shelf or tote_blue."`
	Label     string `help:"Label stock in millimetres." default:"50x30"`
	DPI       int    `help:"Print head: 203, 300 or 600." default:"203"`
}

// placeWords name a kind on its label; people of both languages read one label.
var placeWords = map[place.Kind][2]string{
	place.Shelf: {"货架", "Shelf"}, place.Second: {"次品", "Second grade"}, place.Hold: {"待检", "Quarantine"}, place.RepairShop: {"维修", "Repair"}, place.Outbound: {"待出库", "Outbound"}, place.Hazard: {"危险品", "Hazard"},
	place.ToteBlue: {"蓝筐", "BLUE tote"}, place.ToteYellow: {"黄筐", "YELLOW tote"}, place.ToteRed: {"红筐", "RED tote"}, place.ToteHazard: {"危险品筐", "HAZARD tote"},
}

// Run writes one label per place, by code.
func (c placesLabelsCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	f, err := sticker.ParseFormat(func(key string) string { return map[string]string{"label": c.Label, "dpi": strconv.Itoa(c.DPI)}[key] })
	if err != nil {
		return err
	}
	s, err := c.open(ctx, log, false)
	if err != nil {
		return err
	}
	defer s.close()
	q := s.db.Read.WithContext(ctx).Where("warehouse_id = (SELECT id FROM warehouses WHERE code = ?)", c.Warehouse)
	if c.Kind != "" {
		q = q.Where("kind = ?", c.Kind)
	}
	var rows []place.Place
	if err := q.Order("code").Find(&rows).Error; err != nil {
		return err
	}
	if len(rows) == 0 {
		return fault.New(fault.NotFound, "place_not_found", "warehouse %s has no such places: import them first", c.Warehouse)
	}
	for _, p := range rows {
		page, err := sticker.Control{Data: p.Code, ZH: placeWords[p.Kind][0] + " " + p.Code, EN: placeWords[p.Kind][1]}.Page(f)
		if err != nil {
			return err
		}
		if _, err := out.Write(sticker.ZPL(page)); err != nil {
			return err
		}
	}
	return nil
}
