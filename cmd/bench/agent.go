package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/agent"
)

// ack is what the agent sends a scanner once the scan is on the disk (beep=acknak).
const ack = 0x06

// Bench is a real station program on a virtual serial scanner.
type Bench struct {
	*Process
	line *os.File // the scanner's end
	port *os.File // the computer's end, held open so that the line does not hang up before the agent opens it
	dir  string
	page string
	n    int
}

// startAgent starts the station program without a server: what is measured ends at the disk.
func startAgent(ctx context.Context, f *Floor) (*Bench, error) {
	// Nothing listens at port 9 of this machine: the station works offline, as it does whenever the server is away.
	return startAgentOf(ctx, f, "http://127.0.0.1:9", "none")
}

// startAgentOf starts the station program of a server in a folder of its own and waits until it takes scans.
func startAgentOf(ctx context.Context, f *Floor, server, token string) (b *Bench, err error) {
	dir, err := f.Dir()
	if err != nil {
		return nil, err
	}
	line, port, err := openLine()
	if err != nil {
		return nil, fmt.Errorf("virtual scanner: %w", err)
	}
	b = &Bench{line: line, port: port, dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	b.Process, err = startProcess(ctx, nil, filepath.Join(f.Bin, "station"), "--data", dir, "run", "--server", server, "--token", token,
		"--page", "127.0.0.1:0", "--log", "error", "--device", "serial://"+port.Name()+"?suffix=cr&beep=acknak&name=bench")
	if err != nil {
		return b, err
	}
	if err := b.opened(ctx, filepath.Join(dir, agent.StatusFile)); err != nil {
		return b, err
	}
	return b, nil
}

// openLine makes a virtual serial line whose scanner's end keeps read deadlines: pty opens it blocking, and a file that blocks has none.
func openLine() (line, port *os.File, err error) {
	master, port, err := pty.Open()
	if err != nil {
		return nil, nil, err
	}
	defer master.Close()
	fd, err := unix.Dup(int(master.Fd()))
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, nil, errors.Join(err, port.Close())
	}
	return os.NewFile(uintptr(fd), master.Name()), port, nil
}

// opened waits until the agent is up and has the scanner.
func (b *Bench) opened(ctx context.Context, status string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for b.page == "" {
		raw, err := os.ReadFile(status)
		var r agent.Running
		if err == nil && json.Unmarshal(raw, &r) == nil {
			b.page = r.Page
			break
		}
		if err := b.pause(ctx); err != nil {
			return fmt.Errorf("the station program is not ready: %w\n%s", err, b.out)
		}
	}
	for {
		// Until the agent has opened the port the terminal echoes, and the first code after it is refused, as it may be the end of one.
		answer, err := b.probe()
		if err != nil {
			return err
		}
		if len(answer) == 1 && answer[0] == ack {
			return nil
		}
		if err := b.pause(ctx); err != nil {
			return fmt.Errorf("the station program does not take scans: %w\n%s", err, b.out)
		}
	}
}

// probe sends a code and returns what comes back until the line is quiet.
func (b *Bench) probe() (answer []byte, err error) {
	if err := b.sendNext(); err != nil {
		return nil, err
	}
	for {
		if err := b.line.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			return nil, err
		}
		var some [64]byte
		n, err := b.line.Read(some[:])
		answer = append(answer, some[:n]...)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return answer, nil
		case err != nil:
			return nil, err
		}
	}
}

// sendNext sends a code that was not sent before: the same one again would be a double read.
func (b *Bench) sendNext() error {
	b.n++
	return b.send(ean13(690_000_000_000 + int64(b.n)))
}

func (b *Bench) send(code string) error {
	_, err := b.line.Write([]byte(code + "\r"))
	return err
}

func (b *Bench) pause(ctx context.Context) error {
	select {
	case err := <-b.gone:
		b.gone <- err
		return fmt.Errorf("it ended: %v", err)
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(5 * time.Millisecond):
		return nil
	}
}

// scan sends one code and waits for the answer. It returns the microseconds between.
func (b *Bench) scan(patience time.Duration) (float64, error) {
	if err := b.line.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	begin := clock.Mono()
	if err := b.sendNext(); err != nil {
		return 0, err
	}
	err := b.acked()
	return float64(clock.Mono() - begin), err
}

// acked waits for the answer to a code.
func (b *Bench) acked() error {
	var answer [1]byte
	if _, err := b.line.Read(answer[:]); err != nil {
		return err
	}
	if answer[0] != ack {
		return fmt.Errorf("the station answered %#02x, want %#02x", answer[0], ack)
	}
	return nil
}

// Close ends the program.
func (b *Bench) Close() error {
	if b.Process != nil {
		b.Stop()
	}
	return errors.Join(b.line.Close(), b.port.Close())
}

// durableRig: bytes of a code at the scanner's wire until the scanner is told that the scan is on the disk, against a bare append of the same record.
func durableRig(ctx context.Context, f *Floor) (*Rig, error) {
	b, err := startAgent(ctx, f)
	if err != nil {
		return nil, err
	}
	dir, err := f.Dir()
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	bare, err := NewBareAppend(dir, 1<<20)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	record, err := json.Marshal(scanner.Scan{Seq: 123456, Device: "bench", Source: scanner.FromDevice, CapturedAt: clock.System{}.Now(), MonoMicros: clock.Mono(),
		Raw: []byte(ean13(690_000_000_000)), Data: ean13(690_000_000_000), Charset: "utf-8", Plate: scanner.Plate(123456)})
	if err != nil {
		return nil, err
	}
	return &Rig{
		Baseline: func(ctx context.Context) (float64, error) {
			return p99(ctx, f.Span, func() (float64, error) { return bare.Append(record) })
		},
		Ours: func(ctx context.Context) (float64, error) {
			return p99(ctx, f.Span, func() (float64, error) { return b.scan(5 * time.Second) })
		},
		Close: func() error { return errors.Join(b.Close(), bare.Close()) },
	}, nil
}

// p99 does act one after the other for span and returns the 99th percentile of what it took.
func p99(ctx context.Context, span time.Duration, act func() (float64, error)) (float64, error) {
	var took []float64
	for end := clock.Mono() + span.Microseconds(); clock.Mono() < end; {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		us, err := act()
		if err != nil {
			return 0, err
		}
		took = append(took, us)
	}
	return quantile(took, 0.99), nil
}

// agentMemoryRig: what the station program holds after a morning's scans.
func agentMemoryRig(ctx context.Context, f *Floor) (*Rig, error) {
	return f.besideBare(ctx, func(ctx context.Context) (float64, error) {
		b, err := startAgent(ctx, f)
		if err != nil {
			return 0, err
		}
		defer b.Close()
		for range 500 {
			if _, err := b.scan(5 * time.Second); err != nil {
				return 0, err
			}
		}
		return b.RSS()
	}, (*Process).RSS)
}
