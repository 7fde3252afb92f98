package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/barcode"
)

type listenCmd struct {
	Device  string `arg:"" help:"Scanner URL."`
	Capture string `help:"Also write the bytes to this capture file, for a bug report or for station replay." placeholder:"FILE"`
}

func (c *listenCmd) Run(ctx context.Context, all *command) (err error) {
	codes, err := barcode.ReaderFrom(all.Couriers)
	if err != nil {
		return err
	}
	s, err := agent.Parse(c.Device)
	if err != nil {
		return err
	}
	var capture io.Writer
	if c.Capture != "" {
		f, err := os.OpenFile(c.Capture, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("capture: %w", err)
		}
		defer f.Close()
		capture = f
	}
	fmt.Fprintf(os.Stderr, "Listening on %s. The first code after opening is dropped: it may be half of one.\n", s.Name)
	return agent.Listen(ctx, s, codes, capture, print)
}

type replayCmd struct {
	File string `arg:"" help:"Capture file, made by station listen --capture." type:"existingfile"`
	With string `help:"Framing and other parameters as in a scanner URL, such as suffix=lf." placeholder:"QUERY"`
}

func (c *replayCmd) Run(ctx context.Context, all *command) error {
	codes, err := barcode.ReaderFrom(all.Couriers)
	if err != nil {
		return err
	}
	s, err := agent.Parse("replay:" + c.File + "?speed=max&" + c.With)
	if err != nil {
		return err
	}
	return agent.Play(ctx, s, codes, print)
}

// print writes one line of JSON.
func print(h agent.Heard) {
	b, err := json.Marshal(h)
	if err != nil {
		panic(err) // plain values
	}
	fmt.Println(string(b))
}
