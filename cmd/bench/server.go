package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"time"
)

// settleFor is how long an idle server may tidy up before its memory is read.
const settleFor = 2 * time.Second

// Server is a real server process.
type Server struct {
	*Process
	Addr  string
	ready float64 // seconds from its start to its first yes
}

// serve starts bin/backdock serve on a database and waits until it is ready. data is the folder of the key ring.
func (f *Floor) serve(ctx context.Context, url, data string, more ...string) (*Server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	args := append([]string{"--log-level", "warn", "serve", "--listen", addr, "--data", data, "--database", url}, more...)
	return started(ctx, addr, filepath.Join(f.Bin, "backdock"), args...)
}

// bare builds the baseline of the process figures once and starts it.
func (f *Floor) bare(ctx context.Context) (*Server, error) {
	if f.bareBin == "" {
		dir, err := f.Dir()
		if err != nil {
			return nil, err
		}
		bin := filepath.Join(dir, "bare")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "github.com/backdock/backdock/cmd/bench/bare").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build the bare server: %w\n%s", err, out)
		}
		f.bareBin = bin
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return started(ctx, addr, f.bareBin, addr)
}

func started(ctx context.Context, addr, name string, args ...string) (*Server, error) {
	p, err := startProcess(ctx, nil, name, args...)
	if err != nil {
		return nil, err
	}
	s := &Server{Process: p, Addr: addr}
	if s.ready, err = p.Ready(ctx, "http://"+addr+"/readyz"); err != nil {
		p.Stop()
		return nil, err
	}
	return s, nil
}

// besideBare measures ours beside the same of the bare server.
func (f *Floor) besideBare(_ context.Context, ours func(context.Context) (float64, error), of func(*Process) (float64, error)) (*Rig, error) {
	return &Rig{Ours: ours, Baseline: func(ctx context.Context) (float64, error) {
		s, err := f.bare(ctx)
		if err != nil {
			return 0, err
		}
		defer s.Stop()
		return of(s.Process)
	}}, nil
}

// serverMemoryRig: a server on PostgreSQL that nobody asks anything.
func serverMemoryRig(ctx context.Context, f *Floor) (*Rig, error) {
	return f.serverRig(ctx, func(ctx context.Context, s *Server) (float64, error) {
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(settleFor):
			return s.RSS()
		}
	})
}

// serverReadyRig: from the start of the process to the first yes of /readyz, on a database that has its schema.
func serverReadyRig(ctx context.Context, f *Floor) (*Rig, error) {
	return f.serverRig(ctx, func(_ context.Context, s *Server) (float64, error) { return s.ready, nil })
}

func (f *Floor) serverRig(ctx context.Context, of func(context.Context, *Server) (float64, error)) (*Rig, error) {
	url, err := f.Postgres(ctx)
	if err != nil {
		return nil, err
	}
	data, err := f.Dir()
	if err != nil {
		return nil, err
	}
	side := func(start func(context.Context) (*Server, error)) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			s, err := start(ctx)
			if err != nil {
				return 0, err
			}
			defer s.Stop()
			return of(ctx, s)
		}
	}
	return &Rig{Baseline: side(f.bare), Ours: side(func(ctx context.Context) (*Server, error) { return f.serve(ctx, url, data) })}, nil
}

// freeAddr finds a loopback port that is free now.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
