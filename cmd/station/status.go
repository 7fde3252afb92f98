package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/agent"
)

type statusCmd struct {
	JSON bool `help:"Print the whole state as JSON."`
}

func (c *statusCmd) Run(ctx context.Context, all *command) error {
	s, err := agent.Status(ctx, all.Data)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	link := "offline"
	if s.Link.Online {
		link = "online"
	}
	if s.Link.Problem != "" {
		link += " (" + s.Link.Problem + ")"
	}
	fmt.Fprintf(w, "station\t%s\n", s.Station)
	fmt.Fprintf(w, "server\t%s\t%s since %s\n", s.Link.Server, link, s.Link.Since.Local().Format("15:04:05"))
	fmt.Fprintf(w, "queued\t%d scans\n", s.Link.Queued)
	fmt.Fprintf(w, "plates\t%d left\n", s.PlatesLeft)
	for _, d := range s.Devices {
		if d.Kind == scanner.KindScanner {
			fmt.Fprintf(w, "scanner\t%s\t%s\t%d scans\t%s\n", d.Name, d.State, d.Scans, d.Detail)
		} else {
			fmt.Fprintf(w, "%s\t%s\t%s\t\t%s\n", d.Kind, d.Name, d.State, d.Detail)
		}
	}
	if p := s.Printing; p != nil {
		for _, row := range p.Waiting {
			fmt.Fprintf(w, "not printed\t%s\t%s\n", row.Plate, row.Name)
		}
		if p.Unshown > 0 {
			fmt.Fprintf(w, "not printed\tand %d more\n", p.Unshown)
		}
		for _, row := range p.Doubtful {
			fmt.Fprintf(w, "perhaps printed\t%s\t%s\tlook for it; the station page asks\n", row.Plate, row.Name)
		}
	}
	return w.Flush()
}

// printJSON writes what other programs read.
func printJSON(v any) error {
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(v)
}
