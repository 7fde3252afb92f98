package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// minRuns is the fewest runs of each side that a figure may rest on.
const minRuns = 5

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	var only, file string
	var runs int
	var list bool
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.StringVar(&only, "only", ".", "measure the figures whose name matches this regular expression")
	flags.StringVar(&file, "json", "", "write the figures to this file as well")
	flags.IntVar(&runs, "runs", minRuns, "runs of each side")
	floor := &Floor{}
	flags.DurationVar(&floor.Span, "span", 3*time.Second, "how long one run lasts")
	flags.StringVar(&floor.Bin, "bin", "bin", "folder of the built programs")
	flags.BoolVar(&list, "list", false, "name the figures and stop")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if runs < minRuns {
		return fmt.Errorf("-runs %d: a median needs at least %d", runs, minRuns)
	}
	chosen, err := choose(figures(), only)
	if err != nil {
		return err
	}
	if list {
		for _, f := range chosen {
			fmt.Fprintf(out, "%s\t%s\t%s\n", f.Name, f.Unit, f.What)
		}
		return nil
	}
	defer floor.Close()
	results, failed := measureAll(ctx, chosen, floor, runs, progress)
	if err := table(out, results); err != nil {
		return err
	}
	if file != "" {
		if err := writeJSON(file, results); err != nil {
			return err
		}
	}
	return failed
}

// measureAll goes on after a figure that failed: an hour's other figures are worth having.
func measureAll(ctx context.Context, chosen []Figure, floor *Floor, runs int, progress io.Writer) ([]Result, error) {
	var results []Result
	var failed []string
	for _, fig := range chosen {
		if ctx.Err() != nil {
			return results, context.Cause(ctx)
		}
		fmt.Fprintf(progress, "%s: %s\n", fig.Name, fig.What)
		r, err := one(ctx, fig, floor, runs)
		if err != nil {
			fmt.Fprintf(progress, "  failed: %v\n", err)
			failed = append(failed, fig.Name)
			continue
		}
		fmt.Fprintf(progress, "  %s %s, baseline %s, ratio %.2f\n", short(r.Value), r.Unit, short(r.Baseline), r.Ratio)
		results = append(results, r)
	}
	if len(failed) > 0 {
		return results, fmt.Errorf("not measured: %s", strings.Join(failed, ", "))
	}
	return results, nil
}

func one(ctx context.Context, fig Figure, floor *Floor, runs int) (r Result, err error) {
	rig, err := fig.Rig(ctx, floor)
	if err != nil {
		return Result{}, fmt.Errorf("set up %s: %w", fig.Name, err)
	}
	defer func() {
		if e := rig.close(); e != nil && err == nil {
			err = fmt.Errorf("%s: %w", fig.Name, e)
		}
	}()
	return measure(ctx, fig, rig, runs)
}
