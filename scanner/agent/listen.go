package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/replay"
)

// Heard is one event of a scanner and what it may mean, for people who set a scanner up.
type Heard struct {
	Event   frame.Kind       `json:"event"`
	Raw     []byte           `json:"raw,omitempty"`
	Lost    int              `json:"lost,omitempty"`
	Charset string           `json:"charset,omitempty"`
	NotText bool             `json:"not_text,omitempty"`
	Idle    bool             `json:"idle,omitempty"`
	Control string           `json:"control,omitempty"`
	Plate   bool             `json:"plate,omitempty"`
	Reading *barcode.Reading `json:"reading,omitempty"`
}

func heard(e frame.Event) Heard {
	h := Heard{Event: e.Kind, Raw: e.Data, Lost: e.Lost, Idle: e.Idle}
	if e.Kind != frame.Complete {
		return h
	}
	text := barcode.Decode(e.Data)
	r := barcode.Read(text.Data, text.Symbology)
	h.Charset, h.NotText, h.Reading = text.Charset, text.NotText, &r
	if verb, _, ok := scanner.Control(text.Data); ok {
		h.Control = verb
	}
	_, h.Plate = scanner.PlateNumber(text.Data)
	return h
}

// Listen opens a scanner and hands out what it says until ctx or the device ends. capture, if not nil, gets the bytes as they came.
func Listen(ctx context.Context, s Scanner, capture io.Writer, out func(Heard)) error {
	stream, err := s.Driver.Open(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { stream.Close() })
	defer stop()
	defer stream.Close()
	chunks := make(chan chunk, 64)
	ended := make(chan error, 1)
	done := make(chan struct{})
	defer close(done)
	go func() { defer close(chunks); ended <- readAll(stream, chunks, done) }()
	begin := mono()
	f := frame.New(s.Profile, begin)
	err = follow(f, chunks, func(c chunk) error {
		if capture == nil {
			return nil
		}
		_, err := io.WriteString(capture, replay.Chunk{At: c.at - begin, Data: c.data}.Line())
		return err
	}, func(e frame.Event) { out(heard(e)) })
	if err != nil {
		return err
	}
	if err := <-ended; ctx.Err() == nil {
		return fmt.Errorf("scanner gone: %w", err)
	}
	return nil
}

// Play hands out what a capture holds, at once and at the times recorded.
func Play(_ context.Context, s Scanner, out func(Heard)) error {
	d, ok := s.Driver.(*replay.Driver)
	if !ok {
		return errors.New("play: not a capture")
	}
	file, err := os.Open(d.Path)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer file.Close()
	chunks, err := replay.Parse(file)
	if err != nil {
		return fmt.Errorf("replay %s: %w", d.Path, err)
	}
	f := frame.New(s.Profile, 0)
	say := func(events []frame.Event) {
		for _, e := range events {
			out(heard(e))
		}
	}
	for _, c := range chunks {
		say(f.Write(c.Data, c.At))
	}
	if at, waiting := f.Deadline(); waiting {
		say(f.Expire(at))
	}
	say(f.Hangup())
	return nil
}
