package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

const (
	writeWithin = 10 * time.Second
	lingerFor   = time.Second
)

// socket is one websocket. contrib recycles its Conn when the handler returns, so nothing may touch conn after that: serve owns the only writer and joins it.
type socket struct {
	conn    *websocket.Conn
	queue   chan []byte   // bounded; a peer that lets it fill is dropped and resumes later
	closing chan struct{} // closed by the first close
	once    sync.Once
	code    int // of the close frame, set before closing is closed
	reason  string
	ping    time.Duration
	grace   time.Duration
	slow    func()

	reading sync.Mutex // guards the read deadline against being moved once the writer has cut it
	cut     bool
}

// socketKind is one endpoint: how large its messages are, how many frames may wait.
type socketKind struct {
	name        string
	subprotocol string
	readLimit   int64
	queue       int
}

// sockets knows every open socket, to close them when the server goes.
type sockets struct {
	s    *Server
	mu   sync.Mutex
	open map[*socket]struct{}
	down bool
	done sync.WaitGroup
}

func newSockets(s *Server) *sockets { return &sockets{s: s, open: map[*socket]struct{}{}} }

// handler upgrades a request that admit lets through and runs serve with the socket. serve reads; when it returns, the socket is closed and its writer has ended.
func (ss *sockets) handler(k socketKind, admit func(c *fiber.Ctx) (any, error), serve func(ctx context.Context, sk *socket, who any)) fiber.Handler {
	upgrade := websocket.New(func(conn *websocket.Conn) { ss.run(k, conn, serve) }, websocket.Config{
		Subprotocols: subprotocols(k.subprotocol), ReadBufferSize: 4096, WriteBufferSize: 4096, HandshakeTimeout: writeWithin,
		RecoverHandler: func(*websocket.Conn) {}, // run recovers: contrib's own would write the panic to the peer
	})
	return func(c *fiber.Ctx) error {
		if !websocket.IsWebSocketUpgrade(c) {
			return fault.New(fault.Invalid, "websocket_only", "open %s as a websocket", c.Path())
		}
		if origin := c.Get("Origin"); origin != "" && !ss.s.ours(c, origin) {
			return fault.New(fault.Denied, "origin", "pages of other sites may not open this socket")
		}
		who, err := admit(c)
		if err != nil {
			return err
		}
		if k.subprotocol != "" && !offers(c, k.subprotocol) {
			return fault.New(fault.Invalid, "subprotocol", "offer the websocket subprotocol %s", k.subprotocol)
		}
		c.Locals("who", who)
		return upgrade(c)
	}
}

func (ss *sockets) run(k socketKind, conn *websocket.Conn, serve func(ctx context.Context, sk *socket, who any)) {
	log := ss.s.logger.With("socket", k.name, "conn", id.Hex(4))
	sk := &socket{conn: conn, queue: make(chan []byte, k.queue), closing: make(chan struct{}), ping: ss.s.o.Ping, grace: ss.s.o.Grace}
	sk.slow = func() { ss.s.metrics.slow.WithLabelValues(k.name).Inc() }
	if !ss.add(sk) {
		_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseServiceRestart, "restart"), time.Now().Add(writeWithin))
		return
	}
	defer ss.remove(sk)
	gauge := ss.s.metrics.sockets.WithLabelValues(k.name)
	gauge.Inc()
	defer gauge.Dec()
	conn.SetReadLimit(k.readLimit)
	conn.SetPongHandler(func(string) error { return sk.extend() })
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var writer sync.WaitGroup
	writer.Go(func() {
		defer cancel()
		if err := sk.write(); err != nil {
			log.Debug("socket writer ended", "error", err)
		}
	})
	func() {
		defer func() {
			if p := recover(); p != nil {
				log.Error("panic in a socket", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
				sk.close(websocket.CloseInternalServerErr, "internal")
			}
		}()
		serve(ctx, sk, conn.Locals("who"))
	}()
	sk.close(websocket.CloseNormalClosure, "")
	writer.Wait()
	sk.linger()
}

func subprotocols(one string) []string {
	if one == "" {
		return nil
	}
	return []string{one}
}

// send queues a frame. A full queue means that the peer does not keep up: it is dropped, and false comes back.
func (sk *socket) send(frame []byte) bool {
	select {
	case <-sk.closing:
		return false
	default:
	}
	select {
	case sk.queue <- frame:
		return true
	default:
		sk.slow()
		sk.close(websocket.CloseTryAgainLater, "too slow: reconnect and resume")
		return false
	}
}

// sendWait queues a frame and waits for room, so that what is read from the store goes out at the peer's pace.
func (sk *socket) sendWait(frame []byte) bool {
	select {
	case <-sk.closing:
		return false
	case sk.queue <- frame:
		return true
	}
}

// close asks the writer to send what is queued, then a close frame. Only the first call counts.
func (sk *socket) close(code int, reason string) {
	sk.once.Do(func() {
		sk.code, sk.reason = code, reason
		close(sk.closing)
	})
}

// write is the socket's only writer. At the end it cuts the reader: fasthttp's hijacked connections ignore Close, a passed deadline does not.
func (sk *socket) write() error {
	defer func() {
		sk.reading.Lock()
		defer sk.reading.Unlock()
		sk.cut = true
		_ = sk.conn.SetReadDeadline(time.Now())
	}()
	beat := time.NewTicker(sk.ping)
	defer beat.Stop()
	for {
		select {
		case frame := <-sk.queue:
			if err := sk.writeText(frame); err != nil {
				sk.close(websocket.CloseAbnormalClosure, "")
				return err
			}
		case <-beat.C:
			if err := sk.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWithin)); err != nil {
				sk.close(websocket.CloseAbnormalClosure, "")
				return err
			}
		case <-sk.closing:
			return sk.finish()
		}
	}
}

func (sk *socket) finish() error {
	for {
		select {
		case frame := <-sk.queue:
			if err := sk.writeText(frame); err != nil {
				return err
			}
			continue
		default:
		}
		if sk.code == websocket.CloseAbnormalClosure {
			return nil
		}
		return sk.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(sk.code, sk.reason), time.Now().Add(writeWithin))
	}
}

func (sk *socket) writeText(frame []byte) error {
	if err := sk.conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	return sk.conn.WriteMessage(websocket.TextMessage, frame)
}

// extend gives the peer until two pings from now to be heard of.
func (sk *socket) extend() error {
	sk.reading.Lock()
	defer sk.reading.Unlock()
	if sk.cut {
		return errClosed
	}
	return sk.conn.SetReadDeadline(time.Now().Add(2*sk.ping + sk.grace))
}

// linger reads and discards until the peer has seen the close frame: closing a connection with unread bytes resets it, and the reset can overtake the frame.
func (sk *socket) linger() {
	raw := sk.conn.NetConn()
	if sk.code == websocket.CloseAbnormalClosure || raw.SetReadDeadline(time.Now().Add(lingerFor)) != nil {
		return
	}
	scratch := make([]byte, 4096)
	for total := 0; total < 64<<20; {
		n, err := raw.Read(scratch)
		if err != nil {
			return
		}
		total += n
	}
}

var (
	errBinary  = errors.New("a binary message")
	errNotText = errors.New("a message that is not UTF-8")
	errClosed  = errors.New("socket closed")
)

// read returns the next text message. Anything else ends the socket with 1003, text that is not UTF-8 with 1007: encoding/json would mend it in silence.
func (sk *socket) read() ([]byte, error) {
	if err := sk.extend(); err != nil {
		return nil, err
	}
	kind, b, err := sk.conn.ReadMessage()
	if err != nil {
		return nil, err
	}
	if kind != websocket.TextMessage {
		sk.close(websocket.CloseUnsupportedData, "text_only")
		return nil, errBinary
	}
	if !utf8.Valid(b) {
		sk.close(websocket.CloseInvalidFramePayloadData, "not_text")
		return nil, errNotText
	}
	return b, nil
}

func (ss *sockets) add(sk *socket) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.down {
		return false
	}
	ss.open[sk] = struct{}{}
	ss.done.Add(1)
	return true
}

func (ss *sockets) remove(sk *socket) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.open, sk)
	ss.done.Done()
}

// shutdown closes every socket with 1012 and waits for their handlers.
func (ss *sockets) shutdown(ctx context.Context) error {
	ss.mu.Lock()
	ss.down = true
	for sk := range ss.open {
		sk.close(websocket.CloseServiceRestart, "restart")
	}
	ss.mu.Unlock()
	ended := make(chan struct{})
	go func() { ss.done.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("sockets still open: %w", context.Cause(ctx))
	}
}

// offers reports whether the client proposes a subprotocol.
func offers(c *fiber.Ctx, name string) bool {
	for p := range strings.SplitSeq(c.Get("Sec-WebSocket-Protocol"), ",") {
		if strings.TrimSpace(p) == name {
			return true
		}
	}
	return false
}
