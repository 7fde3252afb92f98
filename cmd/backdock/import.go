package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving/aftersales/intake"
)

type importCmd struct {
	storeFlags
	Kind string `arg:"" enum:"catalogue,orders,cases,checkpoints,bins" help:"catalogue, orders, cases, checkpoints, or bins (CSV only)."`
	File string `arg:"" type:"existingfile" help:"CSV or JSON, told by its ending. docs/import.md lists the columns."`
	JSON bool   `help:"Print the report as JSON."`
}

// Run imports one file and prints what became of every record; records that failed make it exit 1.
func (c importCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	s, err := c.open(ctx, log, true)
	if err != nil {
		return err
	}
	defer s.close()
	w, err := wire(s, wireOptions{log: log})
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	if c.Kind == "bins" {
		return c.bins(ctx, out, w, f)
	}
	if c.Kind == "checkpoints" {
		done, err := w.track.Import(ctx, strings.ToLower(filepath.Ext(c.File)), f)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%d checkpoints: %d new, %d waybills signed for\n", done.Received, done.New, done.Signed)
		return err
	}
	im := w.importer()
	read := map[string]func(context.Context, io.Reader) (intake.Report, error){
		"catalogue.csv": im.CatalogueCSV, "catalogue.json": im.CatalogueJSON, "orders.csv": im.OrdersCSV,
		"orders.json": im.OrdersJSON, "cases.csv": im.CasesCSV, "cases.json": im.CasesJSON,
	}[c.Kind+strings.ToLower(filepath.Ext(c.File))]
	if read == nil {
		return fmt.Errorf("%s: want a file that ends in .csv or .json", c.File)
	}
	report, err := read(ctx, f)
	if err != nil {
		return err
	}
	if err := printReport(out, report, c.JSON); err != nil {
		return err
	}
	if report.Failed > 0 {
		return errBreach
	}
	return nil
}

// bins imports bins and totes.
func (c importCmd) bins(ctx context.Context, out io.Writer, w *parts, f io.Reader) error {
	if strings.ToLower(filepath.Ext(c.File)) != ".csv" {
		return fmt.Errorf("%s: want a file that ends in .csv", c.File)
	}
	rep, err := place.Import(ctx, w.db, f)
	if err != nil {
		return err
	}
	report := intake.Report{Records: rep.Records, Created: rep.Created, Updated: rep.Updated, Unchanged: rep.Unchanged, Failed: rep.Failed, ErrorsTotal: len(rep.Errors)}
	for _, p := range rep.Errors {
		report.Errors = append(report.Errors, intake.Problem{Row: p.Row, Field: p.Field, Code: p.Code, Message: p.Message})
	}
	if err := printReport(out, report, c.JSON); err != nil {
		return err
	}
	if report.Failed > 0 {
		return errBreach
	}
	return nil
}

func printReport(out io.Writer, r intake.Report, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	fmt.Fprintf(out, "%d records: %d created, %d updated, %d unchanged, %d folded, %d failed\n", r.Records, r.Created, r.Updated, r.Unchanged, r.Folded, r.Failed)
	for kind, list := range map[string][]intake.Problem{"error": r.Errors, "warning": r.Warnings} {
		for _, p := range list {
			fmt.Fprintf(out, "%s row %d %s: %s (%s)\n", kind, p.Row, p.Field, p.Message, p.Code)
		}
	}
	return nil
}
