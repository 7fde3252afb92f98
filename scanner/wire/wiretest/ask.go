package wiretest

import (
	"context"
	"fmt"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/scanner"
)

// wait blocks until done, called with the lock held at every change, returns true.
func (s *Server) wait(ctx context.Context, what string, done func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := done(), s.changed
		state := fmt.Sprintf("%d producers, %d hellos, breaches %v", len(s.order), s.hellos, s.breaches)
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w (%s)", what, ctx.Err(), state)
		}
	}
}

// WaitScans blocks until n scans of all producers are committed.
func (s *Server) WaitScans(ctx context.Context, n int) error {
	return s.wait(ctx, fmt.Sprintf("%d scans", n), func() bool { return s.count() >= n })
}

// WaitHellos blocks until n sockets have said hello.
func (s *Server) WaitHellos(ctx context.Context, n int) error {
	return s.wait(ctx, fmt.Sprintf("%d hellos", n), func() bool { return s.hellos >= n })
}

// WaitDevices blocks until the station's devices, as last told, satisfy ok.
func (s *Server) WaitDevices(ctx context.Context, ok func([]scanner.Device) bool) error {
	return s.wait(ctx, "devices", func() bool { return ok(s.devices) })
}

func (s *Server) count() int {
	n := 0
	for _, p := range s.producers {
		n += len(p.scans)
	}
	return n
}

// Scans returns everything that was committed, producer by producer.
func (s *Server) Scans() []scanner.Scan {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []scanner.Scan
	for _, name := range s.order {
		out = append(out, s.producers[name].scans...)
	}
	return out
}

// Producers in the order in which they appeared.
func (s *Server) Producers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.order...)
}

// Breaches are the station's offences against the protocol.
func (s *Server) Breaches() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.breaches...)
}

// Restore forgets all but the first n scans of the producer, as a backup from then does.
func (s *Server) Restore(producer string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.producers[producer]
	p.scans, p.outcomes = p.scans[:n:n], p.outcomes[:n:n]
	s.tell()
}

// Revoke makes the server refuse the station from now on, or not any more.
func (s *Server) Revoke(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = yes
	for c := range s.sockets {
		c.Close()
	}
}

// Drop cuts every socket.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.sockets {
		c.Close()
	}
}

// Push sends a message to every socket.
func (s *Server) Push(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, writing := range s.sockets {
		writing.Lock()
		err := c.WriteMessage(websocket.TextMessage, b)
		writing.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// Wait blocks until the committed scans satisfy ok.
func (s *Server) Wait(ctx context.Context, what string, ok func([]scanner.Scan) bool) error {
	return s.wait(ctx, what, func() bool {
		var all []scanner.Scan
		for _, name := range s.order {
			all = append(all, s.producers[name].scans...)
		}
		return ok(all)
	})
}
