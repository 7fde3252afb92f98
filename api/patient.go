package api

import (
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
)

// patient is a listener whose connections, once a request on them was refused unread, are read to their end before they close. The kernel resets a connection that is
// closed with unread bytes, and the reset overtakes the answer: who sent too much would see a broken line instead of 413.
type patient struct{ net.Listener }

const (
	drainFor  = 5 * time.Second
	drainMost = 64 << 20
)

func (p patient) Accept() (net.Conn, error) {
	c, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &patientConn{Conn: c}, nil
}

type patientConn struct {
	net.Conn
	unread atomic.Bool
}

// Close ends the connection; where something is unread it says so to the peer at once, and goes when the peer has heard it, or after a while.
func (c *patientConn) Close() error {
	tcp, ok := c.Conn.(*net.TCPConn)
	if !c.unread.Load() || !ok || tcp.CloseWrite() != nil || tcp.SetReadDeadline(time.Now().Add(drainFor)) != nil {
		return c.Conn.Close()
	}
	go func() {
		defer tcp.Close()
		_, _ = io.CopyN(io.Discard, tcp, drainMost)
	}()
	return nil
}

// leftUnread notes that the request of c may not have been read to its end.
func leftUnread(c *fiber.Ctx, status int) {
	if !slices.Contains([]int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge}, status) {
		return
	}
	if p, ok := c.Context().Conn().(*patientConn); ok {
		p.unread.Store(true)
	}
}
