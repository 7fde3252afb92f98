package agent

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/scale"
)

const (
	clientQueue  = 128
	clientPing   = 20 * time.Second
	clientWrite  = 5 * time.Second
	clientSilent = 60 * time.Second
)

// message is what the page is told.
type message struct {
	Op      string             `json:"op"` // state, scan, view, link, devices, notice, printing, weight, differences
	State   *State             `json:"state,omitempty"`
	Scan    *LocalScan         `json:"scan,omitempty"`
	View    *scanner.BenchView `json:"view,omitempty"`
	Link    *Link              `json:"link,omitempty"`
	Devices []scanner.Device   `json:"devices,omitempty"`
	Notice  *Notice            `json:"notice,omitempty"`

	Printing    *Printing     `json:"printing,omitempty"`
	Weight      *scale.Weight `json:"weight,omitempty"` // op weight without it: nothing stands on the scale
	Differences *Differences  `json:"differences,omitempty"`
}

// client is one open page.
type client struct {
	conn  *websocket.Conn
	queue chan []byte // full: the page is too slow, is closed, and comes back for the whole state
}

// publish tells every open page. The caller holds a.mu, so that pages hear things in the order in which they happened.
func (a *Agent) publish(m message) {
	if a.page == nil {
		return
	}
	a.page.publish(m)
}

func (p *page) publish(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.clients) == 0 {
		return
	}
	b, err := json.Marshal(m)
	if err != nil {
		p.agent.Log.Error("page message", "op", m.Op, "err", err)
		return
	}
	for c := range p.clients {
		select {
		case c.queue <- b:
		default:
			p.drop(c)
		}
	}
}

// drop ends a page's socket. The caller holds p.mu.
func (p *page) drop(c *client) {
	if p.clients[c] {
		delete(p.clients, c)
		close(c.queue)
	}
}

// shut ends all sockets and takes no more.
func (p *page) shut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for c := range p.clients {
		p.drop(c)
	}
}

// attend keeps one page informed until either side ends it.
func (p *page) attend(conn *websocket.Conn) {
	defer conn.Close()
	c := &client{conn: conn, queue: make(chan []byte, clientQueue)}
	if !p.join(c) {
		return
	}
	defer p.conns.Done()
	var writer sync.WaitGroup
	writer.Go(func() { c.write() })
	defer func() {
		p.mu.Lock()
		p.drop(c)
		p.mu.Unlock()
		conn.Close()
		writer.Wait()
	}()
	conn.SetReadLimit(4 << 10)
	alive := func(string) error { return conn.SetReadDeadline(time.Now().Add(clientSilent)) }
	conn.SetPongHandler(alive)
	if alive("") != nil {
		return
	}
	for {
		var m typed
		_, b, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if json.Unmarshal(b, &m) == nil {
			p.heard(m)
		}
	}
}

// join adds a page and gives it the whole state first: nothing can happen in between, since publish needs the same lock.
func (p *page) join(c *client) bool {
	a := p.agent
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.state()
	b, err := json.Marshal(message{Op: "state", State: &s})
	if err != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.conns.Add(1)
	p.clients[c] = true
	c.queue <- b
	return true
}

// write empties the queue. When the queue is closed the page is told to come back.
func (c *client) write() {
	ping := time.NewTicker(clientPing)
	defer ping.Stop()
	defer c.conn.Close() // ends the reader
	for {
		select {
		case b, ok := <-c.queue:
			if c.conn.SetWriteDeadline(time.Now().Add(clientWrite)) != nil {
				return
			}
			if !ok {
				c.conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseServiceRestart, ""))
				return
			}
			if c.conn.WriteMessage(websocket.TextMessage, b) != nil {
				return
			}
		case <-ping.C:
			if c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(clientWrite)) != nil {
				return
			}
		}
	}
}
