package printertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// Fault is what a printer suffers from.
type Fault struct {
	PaperOut, HeadOpen, Paused, RibbonOut bool

	Mute     bool // prints, but never answers ~HS
	Stalled  bool // reads nothing
	CutAfter int  // resets the connection after so many bytes of jobs, once
	RollEnds bool // the roll is empty when the next format has come
	CutFull  bool // resets the connection when a whole format has come, once, after printing it
}

// Printer is a printer on a loopback port. Make it with New, end it with Stop.
type Printer struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
	fault   Fault
	labels  []string // printed
	waiting []string // whole, not printed yet
	asked   int
	conns   map[*net.TCPConn]bool
	net     net.Listener
	address string
	down    bool
	running sync.WaitGroup
}

// New starts a printer.
func New() (*Printer, error) {
	p := &Printer{changed: make(chan struct{}), conns: map[*net.TCPConn]bool{}, address: "127.0.0.1:0"}
	return p, p.Start()
}

// Start listens, at the same address after a Stop.
func (p *Printer) Start() error {
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		return fmt.Errorf("start printer: %w", err)
	}
	p.mu.Lock()
	p.net, p.address, p.down = l, l.Addr().String(), false
	p.mu.Unlock()
	p.running.Go(func() { p.accept(l) })
	return nil
}

// Stop switches the printer off. What waited in its memory is lost.
func (p *Printer) Stop() {
	p.mu.Lock()
	p.net.Close()
	for c := range p.conns {
		c.Close()
	}
	p.waiting, p.down = nil, true
	p.tell()
	p.mu.Unlock()
	p.running.Wait()
}

// Address is host:port.
func (p *Printer) Address() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.address
}

// URL is the printer's URL with more parameters.
func (p *Printer) URL(query string) string { return "tcp://" + p.Address() + "?" + query }

// Set changes what the printer suffers from. What waited is printed when nothing holds it any more.
func (p *Printer) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	p.advance()
}

// Labels are the formats that were printed.
func (p *Printer) Labels() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.labels...)
}

// Wait waits until the printed labels satisfy ok.
func (p *Printer) Wait(ctx context.Context, ok func(labels []string, asked int) bool) error {
	for {
		p.mu.Lock()
		done, changed := ok(p.labels, p.asked), p.changed
		p.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), fmt.Errorf("printed %d labels", len(p.Labels())))
		}
	}
}

func (p *Printer) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// advance prints what nothing holds. The caller holds the lock.
func (p *Printer) advance() {
	f := p.fault
	if !f.PaperOut && !f.HeadOpen && !f.Paused && !f.RibbonOut {
		p.labels = append(p.labels, p.waiting...)
		p.waiting = nil
	}
	p.tell()
}

func (p *Printer) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		conn := c.(*net.TCPConn)
		p.mu.Lock()
		p.conns[conn] = true
		p.mu.Unlock()
		p.running.Go(func() {
			p.talk(conn)
			conn.Close()
			p.mu.Lock()
			delete(p.conns, conn)
			p.mu.Unlock()
		})
	}
}

// talk reads commands: ~HS at once, formats when their ^XZ has come.
func (p *Printer) talk(c *net.TCPConn) {
	var got []byte
	buf := make([]byte, 64) // small, so that cuts hit the middle of a job
	for {
		p.mu.Lock()
		stalled, changed := p.fault.Stalled && !p.down, p.changed
		p.mu.Unlock()
		if stalled {
			<-changed
			continue
		}
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		got = append(got, buf[:n]...)
		if !p.take(c, &got) {
			return
		}
	}
}

// take handles what has come; false cuts the connection.
func (p *Printer) take(c *net.TCPConn, got *[]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		b := *got
		if i := bytes.Index(b, []byte("~HS")); i >= 0 && !bytes.Contains(b[:i], []byte("^XA")) {
			*got = b[i+3:]
			p.asked++
			if !p.fault.Mute {
				c.Write([]byte(p.status()))
			}
			p.tell()
			continue
		}
		from := bytes.Index(b, []byte("^XA"))
		if from < 0 {
			return true
		}
		if cut := p.fault.CutAfter; cut > 0 && len(b)-from >= cut {
			p.fault.CutAfter = 0
			return reset(c)
		}
		to := bytes.Index(b, []byte("^XZ"))
		if to < 0 {
			return true
		}
		p.waiting = append(p.waiting, string(b[from:to+3]))
		*got = b[to+3:]
		if p.fault.RollEnds {
			p.fault = Fault{PaperOut: true}
		}
		p.advance()
		if p.fault.CutFull {
			p.fault.CutFull = false
			return reset(c)
		}
	}
}

func reset(c *net.TCPConn) bool {
	c.SetLinger(0)
	return false
}

func (p *Printer) status() string {
	bit := func(b bool) string {
		if b {
			return "1"
		}
		return "0"
	}
	f := p.fault
	return fmt.Sprintf("\x02030,%s,%s,0240,%03d,0,0,0,000,0,0,0\x03\r\n\x02000,0,%s,%s,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n",
		bit(f.PaperOut), bit(f.Paused), len(p.waiting), bit(f.HeadOpen), bit(f.RibbonOut))
}
