package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/audit"
	"github.com/backdock/backdock/receiving/evidence"
)

type auditCmd struct {
	storeFlags
	evidenceFlags
	JSON  bool `help:"Print the report as JSON."`
	Files bool `name:"evidence" help:"Also read every photo and video and compare it with its hash."`
}

// Run audits the store; a breach makes it exit 1.
func (c auditCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	s, err := c.open(ctx, log, false)
	if err != nil {
		return err
	}
	defer s.close()
	report, err := audit.Run(ctx, s.db)
	if err == nil && c.Files {
		err = c.files(ctx, s, log, &report)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		_, err = fmt.Fprint(out, report.String())
	}
	if err == nil && !report.OK {
		return errBreach
	}
	return err
}

// files reads the whole evidence store: hours of disk, so it is asked for by itself.
func (c auditCmd) files(ctx context.Context, s *store, log *slog.Logger, r *audit.Report) error {
	photos, err := c.openEvidence(ctx, c.Data)
	if err != nil {
		return err
	}
	began := clock.Mono()
	read, faults, err := evidence.New(s.db, s.log, s.clock, photos, c.limits(), log).Verify(ctx)
	if err != nil {
		return err
	}
	breaches := make([]audit.Breach, len(faults))
	for i, f := range faults {
		breaches[i] = audit.Breach{Subject: "file " + f.Hash, Detail: f.Detail}
	}
	r.Add("evidence_files", fmt.Sprintf("Every file that evidence refers to is in the store with the content of its hash (%d read).", read), breaches, (clock.Mono()-began)/1000)
	return nil
}

type stationCmd struct {
	Enroll stationEnrollCmd `cmd:"" help:"Make a one-time code for a station at a bench."`
}

type stationEnrollCmd struct {
	storeFlags
	Name      string `arg:"" help:"Name of the station."`
	Warehouse string `help:"Warehouse code." required:""`
	Bench     int    `help:"Bench number." required:""`
}

// Run prints the code to be typed at the bench.
func (c stationEnrollCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	s, err := c.open(ctx, log, false)
	if err != nil {
		return err
	}
	defer s.close()
	var b receiving.Bench
	res := s.db.Read.WithContext(ctx).Where("number = ? AND warehouse_id IN (?)", c.Bench, s.db.Read.Model(&place.Warehouse{}).Select("id").Where("code = ?", c.Warehouse)).
		Limit(1).Find(&b)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		return fault.New(fault.NotFound, "bench_not_found", "there is no bench %d in warehouse %s", c.Bench, c.Warehouse)
	}
	code := id.Code()
	_, expires, err := s.keeper().CreateStation(ctx, auth.NewStation{Name: c.Name, Bench: b.ID, Code: code})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\nvalid until %s; at the bench: station enroll --server URL --code %s\n", code, expires.Format("2006-01-02 15:04 MST"), code)
	return err
}

type openapiCmd struct{}

// Run prints the API's description. It opens no database: the description does not depend on one.
func (openapiCmd) Run(out io.Writer) error {
	raw, err := api.Describe(Version)
	if err != nil {
		return err
	}
	_, err = out.Write(raw)
	return err
}
