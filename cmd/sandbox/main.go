// Command sandbox runs the simulators of the outside world. docs/sandbox.md describes them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/sandbox/wechatpay"
)

type commands struct {
	Init      initCommand      `cmd:"" help:"Make a folder of key material for a fictitious merchant; a folder that has it already stays as it is."`
	Wechatpay wechatpayCommand `cmd:"" help:"Simulate the refunds of WeChat Pay API v3 on a loopback port."`
}

// world is what a command may touch.
type world struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	logger *slog.Logger
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("sandbox"), kong.Description("Simulators of the outside world, for tests and the demo."), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }))
	if err != nil {
		return fmt.Errorf("build command line: %w", err)
	}
	chosen, err := parser.Parse(args)
	if exited == 0 {
		return nil // --help has said everything
	}
	if err != nil {
		return err
	}
	return chosen.Run(&world{ctx, stdin, stdout, slog.New(slog.NewTextHandler(stderr, nil))})
}

type initCommand struct {
	Dir string `arg:"" help:"Folder for the PEM files and wechatpay.json."`
}

func (c *initCommand) Run(w *world) error {
	d, err := wechatpay.Init(c.Dir, clock.System{})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stdout, "key material for merchant %s is in %s\n", d.MchID, filepath.Join(c.Dir, wechatpay.DescriptionFile))
	return err
}

type wechatpayCommand struct {
	Listen        string          `default:"127.0.0.1:0" help:"Address to listen on; port 0 picks a free one."`
	Dir           string          `required:"" help:"Folder made by sandbox init."`
	State         string          `help:"File that keeps the state (default: wechatpay.log in --dir)."`
	Notify        string          `help:"Callback URL for refunds that name none."`
	PrintAddrFile string          `placeholder:"FILE" help:"Write host:port here once the simulator listens."`
	SettleAfter   time.Duration   `default:"200ms" help:"How long a refund is PROCESSING in a new state file; 0 settles in the answer, negative waits for the admin API."`
	Backoff       []time.Duration `placeholder:"D,D,…" help:"Waits between deliveries of a callback (default: the vendor's fifteen over a day)."`
	Limits        bool            `help:"Enforce the vendor's limits: 150 requests and 6 errors a second, a minute between partial refunds."`
	ExitWithStdin bool            `help:"Stop when standard input ends, so that a child never outlives its parent."`
}

func (c *wechatpayCommand) Run(w *world) error {
	keys, err := wechatpay.Load(c.Dir)
	if err != nil {
		return err
	}
	behaviour := wechatpay.DefaultBehaviour
	behaviour.SettleAfterMS = max(c.SettleAfter.Milliseconds(), -1)
	cfg := wechatpay.Config{Keys: keys, State: c.State, Notify: c.Notify, Behaviour: &behaviour, Backoff: c.Backoff, Logger: w.logger}
	if cfg.State == "" {
		cfg.State = filepath.Join(c.Dir, "wechatpay.log")
	}
	if c.Limits {
		cfg.Limits = wechatpay.VendorLimits
	}
	server, err := wechatpay.New(cfg)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), server.Close())
	}
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	if c.ExitWithStdin {
		go func() { // ends with the process at the latest: nothing can interrupt a read of standard input
			_, _ = io.Copy(io.Discard, w.stdin)
			stop()
		}()
	}
	address := listener.Addr().String()
	if err := announce(c.PrintAddrFile, address); err != nil {
		return errors.Join(err, listener.Close(), server.Close())
	}
	fmt.Fprintf(w.stdout, "WeChat Pay simulator on http://%s (merchant %s, admin API under /_sim)\n", address, keys.MchID)
	return errors.Join(server.Serve(ctx, listener), server.Close())
}

// announce writes by rename, so that whoever waits for the file never reads half an address.
func announce(file, address string) error {
	if file == "" {
		return nil
	}
	if err := os.WriteFile(file+".new", []byte(address+"\n"), 0o600); err != nil {
		return fmt.Errorf("announce address: %w", err)
	}
	return os.Rename(file+".new", file)
}
