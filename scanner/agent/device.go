package agent

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid"
	"github.com/backdock/backdock/scanner/logbook"
)

const (
	faultPause = 2 * time.Second // before a device that is there but cannot be used is tried again
	gonePause  = 200 * time.Millisecond
)

// readAhead is how many reads may wait for a sync of the disk. What sends no text makes many small ones, a keyboard about five for each character, and the
// kernel keeps no more than ten characters.
func readAhead(stream any) int {
	if _, ok := stream.(scanner.Encoded); ok {
		return 2048
	}
	return 64
}

// chunk is the bytes of one read.
type chunk struct {
	data []byte
	at   time.Duration
}

// supervise keeps one scanner open for as long as ctx lasts.
func (a *Agent) supervise(ctx context.Context, s Scanner) {
	a.note(s.Name, logbook.Entry{What: logbook.Started, Detail: a.Version + " " + s.URL})
	a.keep(ctx, s.Name, func() (io.Closer, func() error, error) {
		stream, decoder, err := open(ctx, s)
		return stream, func() error {
			err := a.listen(ctx, s, stream, decoder)
			a.capturing.Lock()
			a.reopened[s.Name] = true
			a.capturing.Unlock()
			return err
		}, err
	})
}

// keep opens a device, uses it to its end and opens it again, for as long as ctx lasts.
func (a *Agent) keep(ctx context.Context, name string, open func() (io.Closer, func() error, error)) {
	for ctx.Err() == nil {
		stream, use, err := open()
		pause := gonePause
		switch {
		case ctx.Err() != nil:
			if err == nil {
				stream.Close()
			}
			return
		case err != nil:
			a.setDevice(name, scanner.DeviceFault, whatFailed(err))
			pause = faultPause
		default:
			a.setDevice(name, scanner.DeviceConnected, trouble{})
			err = use()
			if ctx.Err() != nil {
				return
			}
			a.Log.Warn("device gone", "device", name, "err", err)
			a.setDevice(name, scanner.DeviceGone, trouble{code: scanner.DeviceAway, detail: "unplugged or switched off; the station keeps looking for it"})
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// open waits for a scanner and brings what turns its bytes into codes.
func open(ctx context.Context, s Scanner) (io.ReadWriteCloser, frame.Decoder, error) {
	stream, err := s.Driver.Open(ctx)
	if err != nil {
		return nil, nil, err
	}
	d, err := decoder(stream, s.Profile, mono())
	if err != nil {
		return nil, nil, errors.Join(err, stream.Close())
	}
	return stream, d, nil
}

// decoder is the framer for a stream of text, and what its encoding names for any other.
func decoder(stream any, p frame.Profile, at time.Duration) (frame.Decoder, error) {
	if s, ok := stream.(scanner.Encoded); ok && s.Encoding() != "" {
		return hid.NewDecoder(s.Encoding(), p, at)
	}
	return frame.NewDecoder(p, at), nil
}

// whatFailed is what an operator reads of an error.
func whatFailed(err error) trouble {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return trouble{scanner.DeviceCode(f.Code), f.Params["about"], f.Message}
	}
	return trouble{scanner.DeviceFailed, err.Error(), err.Error()}
}

// listen takes one opening of a scanner to its end.
func (a *Agent) listen(ctx context.Context, s Scanner, stream io.ReadWriteCloser, d frame.Decoder) error {
	s.Feedback = s.Feedback.of(stream)
	chunks := make(chan chunk, readAhead(stream))
	beeps := make(chan []byte, 8)
	stop := make(chan struct{})
	var helpers sync.WaitGroup
	var readErr error
	helpers.Go(func() { defer close(chunks); readErr = readAll(stream, chunks, stop) })
	helpers.Go(func() { a.beepAll(stream, beeps, s.Name) })
	end := context.AfterFunc(ctx, func() { stream.Close() })
	r := &responder{agent: a, scanner: s, beeps: beeps}
	_ = follow(d, chunks, nil, r.take)
	end()
	close(stop)
	close(beeps)
	err := stream.Close()
	helpers.Wait()
	return errors.Join(readErr, err)
}

// follow feeds chunks to a decoder, with its deadlines, until they end; then the decoder says what is left. each, if not nil, sees every chunk first.
func follow(d frame.Decoder, chunks <-chan chunk, each func(chunk) error, out func(frame.Event)) error {
	tell := func(events []frame.Event) {
		for _, e := range events {
			out(e)
		}
	}
	take := func(c chunk) error {
		if each != nil {
			if err := each(c); err != nil {
				return err
			}
		}
		tell(d.Write(c.data, c.at))
		return nil
	}
	for {
		var deadline <-chan time.Time
		if at, waiting := d.Deadline(); waiting {
			deadline = time.After(max(0, at-mono()))
		}
		select {
		case c, open := <-chunks:
			if !open {
				tell(d.Hangup())
				return nil
			}
			if err := take(c); err != nil {
				return err
			}
		case <-deadline:
			// Bytes that came in time may wait behind the timer.
			if len(chunks) == 0 {
				tell(d.Write(nil, mono()))
			}
		}
	}
}

// readAll only reads: the kernel holds little, and what it drops is half a code.
func readAll(r io.Reader, into chan<- chunk, stop <-chan struct{}) error {
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			select {
			case into <- chunk{data: append([]byte(nil), buf[:n]...), at: mono()}:
			case <-stop:
				return nil
			}
		}
		if err != nil {
			return err
		}
	}
}

// beepAll only writes: a scanner that takes no bytes holds up nobody else.
func (a *Agent) beepAll(w io.Writer, beeps <-chan []byte, name string) {
	failing := false
	for b := range beeps {
		killpoint.Hit("agent.beep")
		_, err := w.Write(b)
		killpoint.Hit("agent.beeped")
		if err != nil && !failing {
			a.Log.Warn("the scanner takes no feedback", "device", name, "err", err)
		}
		failing = err != nil
	}
}

// safe takes one event and reports whether it is a scan that is on the disk, and whether it can be used.
func (a *Agent) safe(s Scanner, e frame.Event) (kept, good bool) {
	in := read{device: s.Name, source: scanner.FromDevice, raw: e.Data, symbology: e.Symbology, at: e.At, double: s.Double}
	said := logbook.Entry{What: events[e.Kind], Code: logbook.Bytes(e.Data), Bytes: max(len(e.Data), e.Lost), Detail: e.Why}
	switch e.Kind {
	case frame.Complete:
		if e.Idle {
			in.flags = append(in.flags, scanner.IdleFraming)
		}
	case frame.Overflow:
		in.flags = append(in.flags, scanner.Overflow)
		a.notice(Notice{Code: NoticeOverflow, Device: s.Name, Tone: scanner.ToneError, Bytes: len(e.Data)})
	default:
		a.note(s.Name, said)
		n := dropped[e.Kind]
		n.Device, n.Bytes = s.Name, e.Lost
		if n.Tone == scanner.ToneError {
			// The page keeps ten and the logbook what fits: whoever looks into a scanner that loses codes wants all of them.
			a.Log.Warn("a code was not taken", "device", s.Name, "code", n.Code, "why", e.Why, "lost", e.Lost)
		}
		a.notice(n)
		return false, false
	}
	scan, err := a.capture(in)
	said.Seq = scan.Seq
	for _, f := range scan.Flags {
		said.Flags = append(said.Flags, string(f))
	}
	if err != nil {
		said.Detail = err.Error()
	}
	a.note(s.Name, said)
	return err == nil, err == nil && usable(scan)
}

// events names what a framer says in a device's log.
var events = map[frame.Kind]logbook.What{frame.Complete: logbook.Code, frame.Overflow: logbook.Overflow, frame.NoRead: logbook.NoRead, frame.Partial: logbook.Partial, frame.Stale: logbook.Stale,
	frame.Damaged: logbook.Damaged}

// dropped is what the page is told of events that are no scan.
var dropped = map[frame.Kind]Notice{
	frame.NoRead:  {Code: NoticeNoRead, Tone: scanner.ToneMid},
	frame.Partial: {Code: NoticePartial, Tone: scanner.ToneError},
	frame.Stale:   {Code: NoticeCutOff, Tone: scanner.ToneError},
	frame.Damaged: {Code: NoticeDamaged, Tone: scanner.ToneError},
}
