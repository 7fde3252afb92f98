package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/backdock/backdock/cmd/backdock/demo"
)

type demoCmd struct {
	Listen   string `help:"Address of the server." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Data     string `help:"Folder to keep; a temporary one, removed at the end, if not given." type:"path" placeholder:"DIR"`
	Database string `help:"postgres://… or sqlite:///path/file.db; SQLite in the data folder if not given. It should be empty." env:"BACKDOCK_DEMO_DATABASE" placeholder:"URL"`
	Page     int    `help:"Port of the first station page." default:"7070" placeholder:"PORT"`
	Fast     bool   `help:"Play as fast as the answers come."`
	Once     bool   `help:"Play the day, print the audit and exit."`
}

// Run plays the day.
func (c demoCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	err := demo.Run(ctx, demo.Options{Listen: c.Listen, Data: c.Data, Database: c.Database, Page: c.Page, Fast: c.Fast, Once: c.Once, Out: out, Log: log,
		Start: func(ctx context.Context, listen, database, data, payments string, fast bool) (demo.Server, error) {
			serve := serveCmd{storeFlags: storeFlags{Database: database, Data: data}, Listen: listen, Payments: payments, SiteLang: "zh", Workers: 8,
				MinGap: time.Second, Poll: time.Second, Retry: 500 * time.Millisecond}
			var poll time.Duration
			if fast {
				serve.MinGap, serve.Poll, serve.Retry, poll = time.Millisecond, 200*time.Millisecond, 50*time.Millisecond, 100*time.Millisecond
			}
			return serve.start(ctx, log, poll)
		}})
	if errors.Is(err, demo.ErrBreach) {
		return errBreach
	}
	return err
}
