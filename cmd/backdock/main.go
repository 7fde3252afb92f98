// Command backdock is the server and its tools.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/backdock/backdock/internal/config"
	"github.com/backdock/backdock/internal/fault"
)

// Version is set by the release build.
var Version = "dev"

type cli struct {
	LogLevel slog.Level `help:"Least severe message to log: debug, info, warn or error." default:"info" env:"BACKDOCK_LOG_LEVEL"`

	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Demo    demoCmd    `cmd:"" help:"Play a day of returns, no set-up needed."`
	Migrate migrateCmd `cmd:"" help:"Bring the database to this program's schema."`
	User    userCmd    `cmd:"" help:"Create users and grant roles."`
	Station stationCmd `cmd:"" help:"Enrol stations."`
	Plates  platesCmd  `cmd:"" help:"Plates printed beforehand: rolls, and which benches use them."`
	Places  placesCmd  `cmd:"" help:"Bins and totes: their labels."`
	Import  importCmd  `cmd:"" help:"Import catalogue, orders, cases, bins or carriers' checkpoints from CSV or JSON."`
	Report  reportCmd  `cmd:"" help:"Work done: counted from the events."`
	Audit   auditCmd   `cmd:"" help:"Recompute every invariant from ledgers and events; exit 1 on any breach."`
	Openapi openapiCmd `cmd:"" help:"Print the OpenAPI 3.1 description."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

type versionCmd struct{}

func (versionCmd) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, Version)
	return err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errBreach makes a command that did its work exit 1 without another message.
var errBreach = errors.New("breach")

// Main runs the program: 0 done, 1 failed, 2 wrong usage.
func Main(ctx context.Context, args []string, out, errOut io.Writer) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("backdock"), config.Secrets(), kong.Description("Backdock receives customer returns in a warehouse."), kong.Writers(out, errOut),
		kong.Exit(func(int) {}), kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(out, (*io.Writer)(nil)))
	if err != nil {
		fmt.Fprintln(errOut, "backdock:", err)
		return 2
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(errOut, "backdock:", err)
		return 2
	}
	if k.Command() == "" { // help was printed
		return 0
	}
	log := slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: c.LogLevel}))
	switch err := k.Run(log); {
	case err == nil:
		return 0
	case errors.Is(err, errBreach):
		return 1
	default:
		fmt.Fprintln(errOut, "backdock:", message(err))
		return 1
	}
}

// message is what an operator reads: a fault's own sentence, else the whole chain.
func message(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal {
		return f.Message + " (" + f.Code + ")"
	}
	return err.Error()
}
