package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/scanner"
)

// page watches a station page as a browser does: it fetches the page, keeps its cookie and follows the socket.
type page struct {
	base string
	conn *websocket.Conn

	mu      sync.Mutex
	changed chan struct{}
	scans   map[string]localScan // by producer:seq
	online  bool
	queued  int
	devices []scanner.Device
	err     error
}

type localScan struct {
	Producer string           `json:"producer"`
	Seq      uint64           `json:"seq"`
	Data     string           `json:"data"`
	Outcome  *scanner.Outcome `json:"outcome"`
}

type link struct {
	Online bool `json:"online"`
	Queued int  `json:"queued"`
}

type pageMessage struct {
	Op      string           `json:"op"`
	Scan    *localScan       `json:"scan"`
	Link    *link            `json:"link"`
	Devices []scanner.Device `json:"devices"`
	State   *struct {
		Devices []scanner.Device `json:"devices"`
		Link    link             `json:"link"`
		Recent  []localScan      `json:"recent"`
	} `json:"state"`
}

// openPage connects to the station page at base, which may need a moment to come up.
func openPage(ctx context.Context, base string) (*page, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Jar: jar, Timeout: 5 * time.Second}
	for {
		res, err := client.Get(base + "/")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				break
			}
			err = fmt.Errorf("%s", res.Status)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("station page %s: %w", base, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	dialer := websocket.Dialer{Jar: jar, HandshakeTimeout: 5 * time.Second}
	conn, _, err := dialer.DialContext(ctx, "ws://"+u.Host+"/agent/ws", http.Header{"Origin": {base}})
	if err != nil {
		return nil, fmt.Errorf("station page socket: %w", err)
	}
	p := &page{base: base, conn: conn, changed: make(chan struct{}), scans: map[string]localScan{}}
	go p.read()
	return p, nil
}

func (p *page) read() {
	for {
		_, b, err := p.conn.ReadMessage()
		var m pageMessage
		if err == nil {
			err = json.Unmarshal(b, &m)
		}
		p.mu.Lock()
		if err != nil {
			p.err = err
		}
		switch {
		case m.Scan != nil:
			p.scans[key(*m.Scan)] = *m.Scan
		case m.Link != nil:
			p.online, p.queued = m.Link.Online, m.Link.Queued
		case m.Devices != nil:
			p.devices = m.Devices
		case m.State != nil:
			p.devices = m.State.Devices
			p.online, p.queued = m.State.Link.Online, m.State.Link.Queued
			for _, s := range m.State.Recent {
				p.scans[key(s)] = s
			}
		}
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func key(s localScan) string { return fmt.Sprint(s.Producer, ":", s.Seq) }

// until waits for ok to hold; it is called with the page locked, after every message.
func (p *page) until(ctx context.Context, ok func() bool) error {
	for {
		p.mu.Lock()
		good, err, changed := ok(), p.err, p.changed
		p.mu.Unlock()
		if good {
			return nil
		}
		if err != nil {
			return fmt.Errorf("station page: %w", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		}
	}
}

// known is the number of scans the page has shown; a new scan is one beyond it.
func (p *page) known() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := make(map[string]bool, len(p.scans))
	for k := range p.scans {
		m[k] = true
	}
	return m
}

func (p *page) close() { p.conn.Close() }

// connected reports whether every scanner is there. Call it inside until.
func (p *page) connected() bool {
	for _, d := range p.devices {
		if d.State != scanner.DeviceConnected {
			return false
		}
	}
	return len(p.devices) > 0
}
