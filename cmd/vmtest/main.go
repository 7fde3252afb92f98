package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/backdock/backdock/cmd/vmtest/plan"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "vmtest:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	plan.Plan
	cache, kernel, guest, station, tests string
	limit                                time.Duration
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	k, err := prepare(ctx, o.cache, o.kernel, out)
	if err != nil {
		return err
	}
	initrd, err := o.initrd(k)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "vmtest: %s, %d scans, seed %d\n", k.Version, o.Scans, o.Seed)
	ctx, cancel := context.WithTimeoutCause(ctx, o.limit, fmt.Errorf("the machine was not done after %s", o.limit))
	defer cancel()
	return boot(ctx, k.Image, initrd, out)
}

func parse(args []string, out io.Writer) (options, error) {
	o := options{Plan: plan.Plan{Scans: plan.DefaultScans, Seed: uint64(time.Now().UnixNano()) % 1e9}}
	flags := flag.NewFlagSet("vmtest", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.cache, "cache", ".cache/vm", "folder for the kernel and the initrd")
	flags.StringVar(&o.kernel, "kernel", os.Getenv("BACKDOCK_VM_KERNEL"), "a Debian linux-image .deb; without it apt-get downloads the newest")
	flags.StringVar(&o.guest, "guest", ".cache/vm/guest", "the init program, built from cmd/vmtest/guest")
	flags.StringVar(&o.station, "station", ".cache/vm/station", "the station agent")
	flags.StringVar(&o.tests, "tests", "", "test programs with kernel tests, built with go test -c, separated by spaces")
	flags.IntVar(&o.Scans, "scans", o.Scans, "scans of the soak in all")
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "seed of codes, stalls and unpluggings")
	flags.DurationVar(&o.limit, "limit", 25*time.Minute, "how long the machine may run")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if s := os.Getenv("BACKDOCK_VM_SCANS"); s != "" {
		if _, err := fmt.Sscan(s, &o.Scans); err != nil {
			return o, fmt.Errorf("BACKDOCK_VM_SCANS=%q: want a number", s)
		}
	}
	if o.Scans < plan.MinScans {
		return o, fmt.Errorf("%d scans: want at least %d", o.Scans, plan.MinScans)
	}
	return o, nil
}

// initrd writes the file system of the machine.
func (o options) initrd(k kernel) (path string, err error) {
	p := o.Plan
	root := []entry{{name: "dev", dir: true}, {name: "mod", dir: true}, {name: "test", dir: true}}
	for i, m := range k.Modules {
		in := fmt.Sprintf("mod/%02d-%s", i, strings.TrimSuffix(filepath.Base(m), filepath.Ext(m)))
		root = append(root, entry{name: in, from: m})
		p.Modules = append(p.Modules, "/"+in)
	}
	for _, t := range strings.Fields(o.tests) {
		in := "test/" + filepath.Base(t)
		root = append(root, entry{name: in, from: t, exec: true})
		p.Tests = append(p.Tests, "/"+in)
	}
	config, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	root = append(root, entry{name: "init", from: o.guest, exec: true}, entry{name: "station", from: o.station, exec: true},
		entry{name: strings.TrimPrefix(plan.File, "/"), data: config})
	path = filepath.Join(o.cache, "initrd.gz")
	if err := writeInitrd(path, root); err != nil {
		return "", fmt.Errorf("write the initrd (make vmtest builds its parts): %w", err)
	}
	return path, nil
}
