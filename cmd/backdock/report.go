package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/backdock/backdock/receiving/work"
)

type reportCmd struct {
	Rebuild reportRebuildCmd `cmd:"" help:"Count the work done anew from the first event, with the rules and time zones of today. Servers may run meanwhile."`
}

type reportRebuildCmd struct {
	storeFlags
}

// Run counts anew.
func (c reportRebuildCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	s, err := c.open(ctx, log, false)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.log.SettleNow(ctx); err != nil {
		return err
	}
	if err := work.New(s.db, s.log).Rebuild(ctx); err != nil {
		return err
	}
	seq, err := work.Applied(s.db.Read.WithContext(ctx))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "work done is counted up to event %d\n", seq)
	return err
}
