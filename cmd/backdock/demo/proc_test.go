package demo

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/killpoint"
)

// proc is a process that can be killed and started again with the same arguments.
type proc struct {
	t       *testing.T
	name    string
	path    string
	address string // where it listens
	args    []string
	up      func() bool // answers

	before func() // a start, when not nil

	mu     sync.Mutex
	cmd    *exec.Cmd
	done   chan struct{}
	log    said
	deaths int // by itself, which is by a kill point
}

// start runs the process and waits until it answers; point arms a kill point.
func (p *proc) start(point string) {
	if p.before != nil {
		p.before()
	}
	p.mu.Lock()
	cmd := exec.Command(p.path, p.args...)
	cmd.Env = os.Environ()
	if point != "" {
		cmd.Env = append(cmd.Env, killpoint.Env+"="+point)
	}
	p.log.clear()
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	done := make(chan struct{})
	err := cmd.Start()
	p.cmd, p.done = cmd, done
	p.mu.Unlock()
	if err != nil {
		p.t.Errorf("start %s: %v", p.name, err)
		close(done)
		return
	}
	go func() {
		_ = cmd.Wait()
		p.mu.Lock()
		p.deaths++
		p.mu.Unlock()
		close(done)
	}()
	for deadline := time.Now().Add(60 * time.Second); p.alive() && !p.up(); {
		if time.Now().After(deadline) {
			p.t.Errorf("%s does not answer:\n%s", p.name, p.log.text())
			return
		}
		sleep(context.Background(), 20*time.Millisecond)
	}
	if !p.alive() && point == "" {
		p.t.Errorf("%s ended by itself:\n%s", p.name, p.log.text())
	}
}

func (p *proc) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (p *proc) kill() {
	p.mu.Lock()
	cmd, done := p.cmd, p.done
	p.mu.Unlock()
	_ = cmd.Process.Kill()
	<-done
	p.mu.Lock()
	p.deaths--
	p.mu.Unlock()
}

func (p *proc) died() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.deaths
}

// said is what a process has written.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *said) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *said) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b.Reset()
}
