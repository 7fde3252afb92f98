package agent

import (
	"context"
	"errors"
	"fmt"
	"io"

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
	Why     string           `json:"why,omitempty"`
	Charset string           `json:"charset,omitempty"`
	NotText bool             `json:"not_text,omitempty"`
	Idle    bool             `json:"idle,omitempty"`
	Repeat  bool             `json:"repeat,omitempty"`
	Control string           `json:"control,omitempty"`
	Plate   bool             `json:"plate,omitempty"`
	Reading *barcode.Reading `json:"reading,omitempty"`
	// Meanings is what the code may be, the surest first.
	Meanings []barcode.Meaning `json:"meanings,omitempty"`
}

func heard(codes *barcode.Reader, e frame.Event) Heard {
	h := Heard{Event: e.Kind, Raw: e.Data, Lost: e.Lost, Why: e.Why, Idle: e.Idle, Repeat: e.Repeat}
	if e.Kind != frame.Complete {
		return h
	}
	text := barcode.DecodeAs(e.Data, e.Symbology)
	r := codes.Read(text.Data, text.Symbology)
	h.Charset, h.NotText, h.Reading, h.Meanings = text.Charset, text.NotText, &r, r.Meanings()
	if verb, _, ok := scanner.Control(text.Data); ok {
		h.Control = verb
	}
	_, h.Plate = scanner.PlateNumber(text.Data)
	return h
}

// Listen opens a scanner and hands out what it says until ctx or the device ends. capture, if not nil, gets the bytes as they came.
func Listen(ctx context.Context, s Scanner, codes *barcode.Reader, capture io.Writer, out func(Heard)) error {
	stream, d, err := open(ctx, s)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { stream.Close() })
	defer stop()
	defer stream.Close()
	begin := mono()
	record := func(chunk) error { return nil }
	if capture != nil {
		var e scanner.Encoding
		if s, ok := stream.(scanner.Encoded); ok {
			e = s.Encoding()
		}
		if _, err := io.WriteString(capture, replay.Head(s.URL, e)); err != nil {
			return fmt.Errorf("capture: %w", err)
		}
		record = func(c chunk) error {
			_, err := io.WriteString(capture, replay.Chunk{At: c.at - begin, Data: c.data}.Line())
			return err
		}
	}
	chunks := make(chan chunk, readAhead(stream))
	ended := make(chan error, 1)
	done := make(chan struct{})
	defer close(done)
	go func() { defer close(chunks); ended <- readAll(stream, chunks, done) }()
	err = follow(d, chunks, record, func(e frame.Event) {
		// A scanner that sends packets brings the next one only after an answer. Nothing is promised by it.
		if b := s.Feedback.transport(e.Kind); len(b) > 0 {
			_, _ = stream.Write(b)
		}
		out(heard(codes, e))
	})
	if err != nil {
		return err
	}
	if err := <-ended; ctx.Err() == nil {
		return fmt.Errorf("scanner gone: %w", err)
	}
	return nil
}

// Play hands out what a capture holds, at once and at the times recorded.
func Play(_ context.Context, s Scanner, codes *barcode.Reader, out func(Heard)) error {
	source, ok := s.Driver.(*replay.Driver)
	if !ok {
		return errors.New("play: not a capture")
	}
	c, err := source.Load()
	if err != nil {
		return err
	}
	d, err := decoder(c, s.Profile, 0)
	if err != nil {
		return err
	}
	say := func(events []frame.Event) {
		for _, e := range events {
			out(heard(codes, e))
		}
	}
	for _, k := range c.Chunks {
		say(d.Write(k.Data, k.At))
	}
	if at, waiting := d.Deadline(); waiting {
		say(d.Write(nil, at))
	}
	say(d.Hangup())
	return nil
}
