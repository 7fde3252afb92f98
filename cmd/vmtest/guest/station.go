//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/backdock/backdock/cmd/vmtest/ledger"
	"github.com/backdock/backdock/scanner/agent"
)

const (
	data = "/tmp/station"
	// patience is how long anything may take that needs nothing but time.
	patience = 2 * time.Minute
	logTail  = 60
)

// station is the agent under test. It has no server: nothing answers on port 9.
type station struct {
	cmd   *exec.Cmd
	ended chan error
	said  sync.WaitGroup // reading what it says

	mu        sync.Mutex
	changed   *sync.Cond
	connected map[string]int // device → times it was opened
	reports   []ledger.Report
	tail      []string
	faults    []string // scanners that were there and could not be used
}

func startStation(ctx context.Context, urls []string) (*station, error) {
	args := []string{"--data", data, "run", "--server", "http://127.0.0.1:9", "--token", "soak", "--page", "none"}
	for _, u := range urls {
		args = append(args, "--device", u)
	}
	s := &station{cmd: exec.CommandContext(ctx, "/station", args...), connected: map[string]int{}, ended: make(chan error, 1)}
	s.changed = sync.NewCond(&s.mu)
	s.cmd.Stdout = os.Stdout
	log, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the station: %w", err)
	}
	s.said.Go(func() { s.listen(log) })
	go func() { s.said.Wait(); s.ended <- s.cmd.Wait() }()
	return s, nil
}

// line is what the agent logs of scanners: attributes of plain words are not quoted.
var line = regexp.MustCompile(`^time=(\S+) level=\w+ msg="?([^"]*?)"? device=(\S+)(?: state=(\S+))?(?: code=(?:""|(\S+)))?`)

func (s *station) listen(log io.Reader) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		s.heard(lines.Text())
	}
	_, _ = io.Copy(io.Discard, log)
}

func (s *station) heard(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tail = append(s.tail, text); len(s.tail) > logTail {
		s.tail = s.tail[1:]
	}
	m := line.FindStringSubmatch(text)
	if m == nil {
		return
	}
	at, err := time.Parse(time.RFC3339Nano, m[1])
	if err != nil {
		return
	}
	switch msg, device, state, code := m[2], m[3], m[4], m[5]; {
	case msg == agent.LogDevice && state == "connected":
		s.connected[device]++
	case msg == agent.LogDevice && state == "fault":
		s.faults = append(s.faults, text)
	case msg == agent.LogGone:
		s.reports = append(s.reports, ledger.Report{Device: device, Code: "gone", At: at})
	case msg == agent.LogNotTaken:
		s.reports = append(s.reports, ledger.Report{Device: device, Code: code, At: at})
	}
	s.changed.Broadcast()
}

// openings is how often the agent opened a scanner so far.
func (s *station) openings(device string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connected[device]
}

// opened waits until the agent opened a scanner more than n times.
func (s *station) opened(device string, n int) error {
	late := time.AfterFunc(patience, func() { s.mu.Lock(); defer s.mu.Unlock(); s.changed.Broadcast() })
	defer late.Stop()
	end := time.Now().Add(patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.connected[device] <= n {
		if !time.Now().Before(end) {
			return fmt.Errorf("the station did not open %s within %s", device, patience)
		}
		s.changed.Wait()
	}
	return nil
}

func (s *station) signal(sig syscall.Signal) error { return s.cmd.Process.Signal(sig) }

// stop ends the agent in order.
func (s *station) stop() error {
	if err := s.signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("the station had ended: %w", errors.Join(err, <-s.ended))
	}
	select {
	case err := <-s.ended:
		return err
	case <-time.After(patience):
		return errors.New("the station does not end")
	}
}

// told gives what the agent said of losses, and its last lines.
func (s *station) told() (reports []ledger.Report, tail string, faults []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reports, strings.Join(s.tail, "\n"), s.faults
}
