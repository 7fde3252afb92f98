package main

import (
	"context"
	"fmt"
	"regexp"
)

// Direction says which way a figure is good.
type Direction bool

const (
	Higher Direction = true  // throughput
	Lower  Direction = false // time, memory
)

// Target is what a figure has to reach. Zero fields ask for nothing.
type Target struct {
	Ratio float64 // of ours to the baseline: at least where higher is better, at most where lower is
	Value float64 // the same for ours alone, in the figure's unit
}

// Figure is one thing measured.
type Figure struct {
	Name   string
	What   string // one line for people
	Unit   string
	Better Direction
	Target Target
	Rig    func(ctx context.Context, f *Floor) (*Rig, error)
}

// Rig is a figure set up for measuring. Each call of a side is one run and returns the value of that run.
type Rig struct {
	Baseline func(ctx context.Context) (float64, error)
	Ours     func(ctx context.Context) (float64, error)
	Between  func(ctx context.Context) error // before every run of either side, untimed; may be nil
	Close    func() error                    // may be nil
}

func (r *Rig) close() error {
	if r.Close == nil {
		return nil
	}
	return r.Close()
}

// choose returns the figures whose name matches only, in their order.
func choose(all []Figure, only string) ([]Figure, error) {
	re, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	var out []Figure
	for _, f := range all {
		if re.MatchString(f.Name) {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("-only %q matches no figure; bench -list names them", only)
	}
	return out, nil
}
