package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/scanner/barcode"
)

// storeFlags say where a command's data is.
type storeFlags struct {
	Database string `help:"postgres://… or sqlite:///path/file.db; SQLite in the data folder if not given." env:"BACKDOCK_DATABASE" placeholder:"URL"`
	Data     string `help:"Folder of the key ring, and of SQLite." default:"data" env:"BACKDOCK_DATA" placeholder:"DIR" type:"path"`
	Couriers string `help:"YAML file of courier rules over the built-in ones; see docs/barcodes.md." env:"BACKDOCK_COURIERS" placeholder:"FILE"`
}

// store is an open database with what every command needs beside it.
type store struct {
	db    *db.DB
	log   *event.Log
	ring  *secret.Ring
	clock clock.Clock
	codes *barcode.Reader
}

// open connects, migrates, and loads the key ring; create makes a ring where there is none.
func (f storeFlags) open(ctx context.Context, log *slog.Logger, create bool) (*store, error) {
	ring, err := secret.LoadFile(filepath.Join(f.Data, "keyring"), create)
	if err != nil {
		return nil, err
	}
	codes, err := barcode.ReaderFrom(f.Couriers)
	if err != nil {
		return nil, err
	}
	if f.Database == "" {
		f.Database = "sqlite://" + (&url.URL{Path: filepath.ToSlash(filepath.Join(f.Data, "backdock.db"))}).EscapedPath()
	}
	d, err := db.Open(ctx, f.Database, db.Options{Log: log})
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return &store{db: d, log: event.NewLog(d, clock.System{}), ring: ring, clock: clock.System{}, codes: codes}, nil
}

func (s *store) close() { s.db.Close() }

type migrateCmd struct {
	storeFlags
}

// Run brings the schema to this program's version.
func (c migrateCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	s, err := c.open(ctx, log, true)
	if err != nil {
		return err
	}
	defer s.close()
	applied, newest, err := s.db.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "schema is at version %d of %d\n", applied, newest)
	return err
}
