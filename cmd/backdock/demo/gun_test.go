package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// gun is a station without an agent: it speaks the protocol itself, so that a test can have many.
type gun struct {
	t        *testing.T
	conn     *websocket.Conn
	producer string
	seq      uint64
}

// station enrols a station at a bench and returns its token.
func (r *rig) station(bench int) string {
	r.t.Helper()
	var b receiving.Bench
	r.must(r.db.Read.Where("number = ?", bench).Take(&b).Error)
	code := id.Code()
	_, _, err := r.keeper.CreateStation(r.t.Context(), auth.NewStation{Name: fmt.Sprint("gun ", bench), Bench: b.ID, Code: code})
	r.must(err)
	token, _, err := r.keeper.Enrol(r.t.Context(), code, "host", "test")
	r.must(err)
	return token
}

// dialStation opens the station socket of a server.
func dialStation(address, token string, more http.Header) (*websocket.Conn, *http.Response, error) {
	h := http.Header{"Authorization": {"Bearer " + token}}
	for k, v := range more {
		h[k] = v
	}
	d := websocket.Dialer{HandshakeTimeout: 20 * time.Second, Subprotocols: []string{wire.Subprotocol}}
	return d.Dial("ws://"+address+wire.Path, h)
}

// gun says hello at a server.
func (r *rig) gun(address, token string) *gun {
	r.t.Helper()
	conn, _, err := dialStation(address, token, nil)
	r.must(err)
	r.t.Cleanup(func() { conn.Close() })
	g := &gun{t: r.t, conn: conn, producer: id.Producer()}
	r.must(g.say(wire.FromStation{Op: wire.OpHello, Versions: []int{wire.Version}, Producer: g.producer, NextSeq: 1, Agent: "test", Clock: time.Now()}))
	m, err := g.hear(wire.OpWelcome)
	r.must(err)
	if m.LastSeq != 0 {
		r.t.Fatalf("welcome: %+v", m)
	}
	return g
}

func (g *gun) say(m wire.FromStation) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return g.conn.WriteMessage(websocket.TextMessage, b)
}

// hear waits for a message of a kind; an error message is an error.
func (g *gun) hear(want wire.Op) (wire.FromServer, error) {
	for {
		_ = g.conn.SetReadDeadline(time.Now().Add(60 * time.Second))
		_, b, err := g.conn.ReadMessage()
		if err != nil {
			return wire.FromServer{}, err
		}
		m, err := wire.DecodeServer(b)
		switch {
		case err != nil:
			return m, err
		case m.Op == wire.OpError:
			return m, fmt.Errorf("%s: %s", m.Code, m.Message)
		case m.Op == want:
			return m, nil
		}
	}
}

// scan sends one scan and waits for its outcome.
func (g *gun) scan(data string) (scanner.Outcome, error) {
	g.seq++
	s := scanner.Scan{Seq: g.seq, Device: "gun", Source: scanner.FromDevice, CapturedAt: time.Now().UTC(), MonoMicros: int64(g.seq) * 1_000_000, Raw: []byte(data), Data: data, Charset: "utf-8"}
	if err := g.say(wire.FromStation{Op: wire.OpScans, Scans: []scanner.Scan{s}}); err != nil {
		return scanner.Outcome{}, err
	}
	m, err := g.hear(wire.OpOutcomes)
	if err != nil {
		return scanner.Outcome{}, err
	}
	if len(m.Outcomes) != 1 || m.Outcomes[0].Seq != g.seq {
		return scanner.Outcome{}, fmt.Errorf("answer to scan %d: %+v", g.seq, m.Outcomes)
	}
	return m.Outcomes[0], nil
}

// want scans and fails the test unless the outcome has the code.
func (g *gun) want(data string, code scanner.Code) scanner.Outcome {
	g.t.Helper()
	o, err := g.scan(data)
	if err != nil || o.Code != code {
		g.t.Fatalf("scan of %q: %s %v, want %s", data, o.Code, err, code)
	}
	return o
}

// raw calls the API as the client with a body of any bytes; the headers given replace the client's.
func (c *client) raw(ctx context.Context, method, path string, body []byte, headers http.Header) (status int, answer []byte) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, []byte(err.Error())
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-CSRF-Token", c.csrf)
	for k, v := range headers {
		req.Header[k] = v
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	if err != nil {
		return 0, []byte(err.Error())
	}
	return res.StatusCode, answer
}
