package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/backdock/backdock/internal/clock"
)

// Process is a program under measurement, in a process of its own.
type Process struct {
	cmd  *exec.Cmd
	gone chan error
	out  *tail
	born int64 // clock.Mono of the start
}

// startProcess runs a program with env added to this process's own.
func startProcess(ctx context.Context, env []string, name string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.CommandContext(ctx, name, args...), gone: make(chan error, 1), out: &tail{}}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 20 * time.Second
	p.born = clock.Mono()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s (make build): %w", name, err)
	}
	go func() { p.gone <- p.cmd.Wait() }()
	return p, nil
}

// Ready waits until url answers 200 and returns the seconds since the start.
func (p *Process) Ready(ctx context.Context, url string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return 0, err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return float64(clock.Mono()-p.born) / 1e6, nil
			}
		}
		select {
		case err := <-p.gone:
			p.gone <- err
			return 0, fmt.Errorf("%s ended before it was ready: %v\n%s", p.cmd.Path, err, p.out)
		case <-ctx.Done():
			return 0, fmt.Errorf("%s is not ready at %s: %w\n%s", p.cmd.Path, url, ctx.Err(), p.out)
		case <-time.After(2 * time.Millisecond): // also the resolution of the figure
		}
	}
}

// RSS returns the resident memory in MiB, as the kernel counts it.
func (p *Process) RSS() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("resident memory is read from /proc, so on Linux only: %w", err)
	}
	return rssOf(b)
}

func rssOf(status []byte) (float64, error) {
	for s := bufio.NewScanner(bytes.NewReader(status)); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")), 64)
			return kb / 1024, err
		}
	}
	return 0, errors.New("no VmRSS in the process status")
}

// Stop asks the program to end and waits. How it ends is its own tests' business.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.gone:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.gone
	}
}

// tail keeps the last of what a program printed, for the message when it fails.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - 2<<10; over > 0 {
		t.buf = t.buf[over:]
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
