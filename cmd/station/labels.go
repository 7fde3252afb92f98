package main

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/printer"
	"github.com/backdock/backdock/scanner/sticker"
)

// labelPrinter reads a printer's URL with the label stock in it.
func labelPrinter(raw string) (*printer.Printer, sticker.Format, error) {
	p, err := printer.New(raw)
	if err != nil {
		return nil, sticker.Format{}, err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, sticker.Format{}, fmt.Errorf("printer URL: %w", err)
	}
	f, err := sticker.ParseFormat(u.Query().Get)
	if err != nil {
		return nil, f, fmt.Errorf("printer URL %q: %w", raw, err)
	}
	return p, f, nil
}

type reprintCmd struct {
	Plate  string `arg:"" help:"License plate, such as U0000000424."`
	Reason string `help:"Why a second label is needed: lost, damaged, unreadable, or in your words. It is kept." required:"" placeholder:"TEXT"`
}

func (c *reprintCmd) Run(ctx context.Context, all *command) error {
	if err := agent.Reprint(ctx, all.Data, c.Plate, c.Reason); err != nil {
		return err
	}
	fmt.Printf("%s is printed again, marked as a copy.\n", c.Plate)
	return nil
}

type sheetCmd struct {
	Printer string `arg:"" optional:"" help:"Printer URL; without it the ZPL is written to standard output." placeholder:"URL"`
	Label   string `help:"Label stock in millimetres." default:"50x30"`
	DPI     string `help:"Print head: 203, 300 or 600." default:"203"`
}

// Run prints the control barcodes, a label each, for benches without a laser printer. The sheet of paper is on the station page.
func (c *sheetCmd) Run(ctx context.Context) error {
	p, f, err := (*printer.Printer)(nil), sticker.Format{}, error(nil)
	if c.Printer != "" {
		p, f, err = labelPrinter(c.Printer)
	} else {
		f, err = sticker.ParseFormat(func(key string) string { return map[string]string{"label": c.Label, "dpi": c.DPI}[key] })
	}
	if err != nil {
		return err
	}
	pages, err := sticker.Sheet(f)
	if err != nil {
		return err
	}
	if p == nil {
		_, err = os.Stdout.Write(sticker.ZPL(pages...))
		return err
	}
	for i, page := range pages { // one job each: a job that fails has printed nothing
		if err := p.Print(ctx, sticker.ZPL(page), nil); err != nil {
			return fmt.Errorf("printer %s, label %d of %d: %w", p.Name, i+1, len(pages), err)
		}
	}
	return nil
}
