// Command station is the program on the computer of a bench: it takes the scanners' codes, keeps them safe and carries them to the server.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/backdock/backdock/internal/config"
)

// version is set when a release is built.
var version = "dev"

// command is the command line. Every flag can also be given by its environment variable, or by a file named in NAME_FILE.
type command struct {
	Config   config.File      `help:"YAML file with flag names as keys." placeholder:"FILE" env:"STATION_CONFIG"`
	Data     string           `help:"Directory of journal and enrolment." placeholder:"DIR" default:"station-data" env:"STATION_DATA"`
	Couriers string           `help:"YAML file of courier rules over the built-in ones, the server's; see docs/barcodes.md." placeholder:"FILE" env:"STATION_COURIERS"`
	Run      runCmd           `cmd:"" help:"Work: scanners, journal, uplink, station page."`
	Enroll   enrollCmd        `cmd:"" help:"Make this computer a station of a server, with a one-time code."`
	Listen   listenCmd        `cmd:"" help:"Show what one scanner sends and what it means. Sends nothing anywhere."`
	Capture  captureCmd       `cmd:"" help:"Record what one scanner sends, with what is known about it, for a bug report."`
	Replay   replayCmd        `cmd:"" help:"Show what a capture file holds and what it means."`
	Status   statusCmd        `cmd:"" help:"Show how the running agent is doing."`
	Reprint  reprintCmd       `cmd:"" help:"Print the label of a piece once more, for a reason."`
	Sheet    sheetCmd         `cmd:"" help:"Print the control barcodes on label stock, or write them as ZPL."`
	Doctor   doctorCmd        `cmd:"" help:"Look for what usually keeps a station from working, and say what to do."`
	Devices  devicesCmd       `cmd:"" help:"List serial ports and scanners, who may open each, and the URL that finds it again. Opens none."`
	Profiles profilesCmd      `cmd:"" help:"Print what is known of scanner makers: set-up hints, framing, feedback bytes."`
	Install  installCmd       `cmd:"" help:"Set this computer up: udev rules for scanners, a service that runs the agent (Linux with systemd)."`
	Version  kong.VersionFlag `help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c command
	options := append(config.Options("station", "The station program of a Backdock bench."), kong.Vars{"version": version}, kong.BindTo(ctx, (*context.Context)(nil)))
	parsed := kong.Parse(&c, options...)
	if err := parsed.Run(&c); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "station:", err)
		os.Exit(1)
	}
}
