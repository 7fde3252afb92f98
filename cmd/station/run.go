package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/barcode"
	"github.com/backdock/backdock/scanner/scale"
	"github.com/backdock/backdock/scanner/sticker"
	"github.com/backdock/backdock/web"
)

// softMemory makes the collector work harder before the agent passes what a small bench computer can spare: 30 MB of it are for the awaited returns of a large
// warehouse.
const softMemory = 56 << 20

type runCmd struct {
	Server        string   `help:"URL of the server; from the enrolment if not given." placeholder:"URL" env:"STATION_SERVER"`
	Token         string   `help:"Station token; from the enrolment if not given." placeholder:"TOKEN" env:"STATION_TOKEN"`
	Page          string   `help:"Loopback address of the station page; none to serve no page." default:"127.0.0.1:7070" env:"STATION_PAGE"`
	Device        []string `help:"Scanner URL; repeat for more (in the environment, separate by spaces). See docs/station.md." placeholder:"URL" sep:" " env:"STATION_DEVICE"`
	Scale         string   `help:"Scale URL, such as scale+serial:///dev/ttyUSB1?protocol=sics. See docs/station.md." placeholder:"URL" env:"STATION_SCALE"`
	Printer       string   `help:"Label printer URL, such as tcp://10.0.0.9:9100?label=50x30&dpi=203. See docs/station.md." placeholder:"URL" env:"STATION_PRINTER"`
	Lang          string   `help:"Language of the page, zh or en." enum:"zh,en" default:"zh" env:"STATION_LANG"`
	ExitWithStdin bool     `help:"End when standard input ends: for programs that start an agent and may die before it." hidden:""`
	Log           string   `help:"Log level: debug, info, warn, error." enum:"debug,info,warn,error" default:"info" env:"STATION_LOG"`
}

func (r *runCmd) Run(ctx context.Context, c *command) error {
	e, err := loadEnrolment(c.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if r.Server != "" {
		e.Server = r.Server
	}
	if r.Token != "" {
		e.Token = r.Token
	}
	if e.Server == "" || e.Token == "" {
		return fmt.Errorf("%s is not enrolled: run station --data %s enroll --server URL --code CODE first", c.Data, c.Data)
	}
	codes, err := barcode.ReaderFrom(c.Couriers)
	if err != nil {
		return err
	}
	scanners, err := agent.ParseAll(r.Device)
	if err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(r.Log)); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	conf := agent.Config{Dir: c.Data, Server: e.Server, Token: e.Token, Station: e.Station, Bench: e.Bench, Version: version, Lang: r.Lang, Web: web.Dist(), Scanners: scanners, Codes: codes, Clock: clock.System{}, Log: log}
	if err := r.instruments(&conf); err != nil {
		return err
	}
	if r.Page != "none" {
		conf.Page = r.Page
	}
	if r.ExitWithStdin {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	a, err := agent.New(conf)
	if err != nil {
		return err
	}
	if url := a.PageURL(); url != "" {
		log.Info("station page", "url", url)
	}
	return a.Run(ctx)
}

// instruments adds scale and printer.
func (r *runCmd) instruments(conf *agent.Config) (err error) {
	if r.Scale != "" {
		if conf.Scale, err = scale.New(r.Scale); err != nil {
			return err
		}
	}
	conf.Format = sticker.Default()
	if r.Printer != "" {
		conf.Printer, conf.Format, err = labelPrinter(r.Printer)
	}
	return err
}
