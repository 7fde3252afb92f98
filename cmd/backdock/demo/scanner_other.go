//go:build !unix

package demo

import (
	"fmt"
	"net"
	"sync"
)

// virtualScanner is an Ethernet scanner without hardware, for systems that have no pty.
type virtualScanner struct {
	listener net.Listener

	mu   sync.Mutex
	conn net.Conn
	up   chan struct{}
}

func newScanner() (*virtualScanner, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a virtual scanner: %w", err)
	}
	v := &virtualScanner{listener: l, up: make(chan struct{})}
	go v.accept()
	return v, nil
}

func (v *virtualScanner) accept() {
	for {
		c, err := v.listener.Accept()
		if err != nil {
			return
		}
		v.mu.Lock()
		if v.conn == nil {
			close(v.up)
		} else {
			v.conn.Close()
		}
		v.conn = c
		v.mu.Unlock()
	}
}

// url names the scanner to the agent.
func (v *virtualScanner) url() string { return "tcp://" + v.listener.Addr().String() + "?suffix=cr" }

func (v *virtualScanner) send(code string) error {
	<-v.up
	v.mu.Lock()
	defer v.mu.Unlock()
	_, err := v.conn.Write([]byte(code + "\r"))
	return err
}

func (v *virtualScanner) close() { v.listener.Close() }
