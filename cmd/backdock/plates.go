package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/office"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/printer"
	"github.com/backdock/backdock/scanner/sticker"
)

type platesCmd struct {
	Roll platesRollCmd `cmd:"" help:"Lease plates for a roll that is printed beforehand, and print it or write its ZPL."`
	Mode platesModeCmd `cmd:"" help:"Say where a bench's plates come from: printed for each piece, or preprinted on rolls."`
}

type platesRollCmd struct {
	storeFlags
	Warehouse string `help:"Warehouse code." required:""`
	Count     int    `help:"Labels on the roll." default:"500"`
	Label     string `help:"Label stock in millimetres." default:"50x30"`
	DPI       int    `help:"Print head: 203, 300 or 600." default:"203"`
	Symbol    string `help:"Barcode." enum:"code128,datamatrix" default:"code128"`
	Printer   string `help:"Printer URL; without it the ZPL is written to standard output." placeholder:"URL"`
}

// Run leases the plates before it prints: a roll whose printing fails loses numbers, which are never given out again, instead of giving them out twice.
func (c platesRollCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	f, err := sticker.ParseFormat(func(key string) string {
		return map[string]string{"label": c.Label, "dpi": strconv.Itoa(c.DPI), "symbol": c.Symbol}[key]
	})
	if err != nil {
		return err
	}
	var p *printer.Printer
	if c.Printer != "" {
		if p, err = printer.New(c.Printer); err != nil {
			return err
		}
		if s, err := p.Status(ctx); err != nil || s.State() != printer.Ready {
			return fmt.Errorf("printer %s: %s; no plate was leased", p.Name, troubled(s, err))
		}
	}
	s, err := c.open(ctx, log, false)
	if err != nil {
		return err
	}
	defer s.close()
	var w place.Warehouse
	res := s.db.Read.WithContext(ctx).Where("code = ?", c.Warehouse).Limit(1).Find(&w)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return fault.New(fault.NotFound, "warehouse_not_found", "there is no warehouse %s", c.Warehouse)
	}
	block, err := office.NewPlates(s.db, event.NewLog(s.db, s.clock), s.clock).Roll(ctx, w.ID, c.Count, 0)
	if err != nil {
		return err
	}
	for i := range int64(block.Count) {
		page, err := sticker.Plate{Number: scanner.Plate(block.First + i)}.Page(f)
		if err != nil {
			return err
		}
		if err := c.put(ctx, out, p, sticker.ZPL(page), scanner.Plate(block.First+i)); err != nil {
			return err
		}
	}
	log.Info("roll", "warehouse", c.Warehouse, "first", scanner.Plate(block.First), "last", scanner.Plate(block.First+int64(block.Count)-1))
	return nil
}

// rollPatience is how long a roll waits for a printer that needs paper or a closed head.
const rollPatience = 10 * time.Minute

// put prints one label. One that surely did not come out is tried again; in doubt the roll ends, so that no number is on two labels.
func (c platesRollCmd) put(ctx context.Context, out io.Writer, p *printer.Printer, job []byte, plate string) error {
	if p == nil {
		_, err := out.Write(job)
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, rollPatience)
	defer cancel()
	for {
		err := p.Print(ctx, job, nil)
		if err == nil {
			return nil
		}
		if printer.Of(err).Doubt || ctx.Err() != nil {
			return fmt.Errorf("%s may have been printed or not, those behind it were not: throw it away and print another roll: %w", plate, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func troubled(s printer.Status, err error) string {
	if err != nil {
		return err.Error()
	}
	return s.State().Sentence()
}

type platesModeCmd struct {
	storeFlags
	Warehouse string `help:"Warehouse code." required:""`
	Bench     int    `help:"Bench number." required:""`
	Mode      string `arg:"" help:"printed or preprinted." enum:"printed,preprinted"`
}

// Run sets the mode. The bench's station hears of it with its next view; a piece that waits for its plate is scanned again.
func (c platesModeCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	s, err := c.open(ctx, log, false)
	if err != nil {
		return err
	}
	defer s.close()
	mode := scanner.PlatesPrinted
	if c.Mode == "preprinted" {
		mode = scanner.PlatesPreprinted
	}
	var b receiving.Bench
	res := s.db.Read.WithContext(ctx).Where("number = ? AND warehouse_id IN (?)", c.Bench, s.db.Read.Model(&place.Warehouse{}).Select("id").Where("code = ?", c.Warehouse)).Limit(1).Find(&b)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return fault.New(fault.NotFound, "bench_not_found", "there is no bench %d in warehouse %s", c.Bench, c.Warehouse)
	}
	if err := office.NewPlates(s.db, event.NewLog(s.db, s.clock), s.clock).Mode(ctx, b.ID, mode, 0); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "bench %s/%d: %s\n", c.Warehouse, c.Bench, c.Mode)
	return err
}
