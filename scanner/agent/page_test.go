//go:build linux

package agent

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/scanner"
)

// browser is a page's side of the local server.
type browser struct {
	*testing.T
	r      *rig
	cookie *http.Cookie
}

func newBrowser(r *rig) *browser {
	b := &browser{T: r.T, r: r}
	resp := b.get("/", nil)
	defer resp.Body.Close()
	for _, c := range resp.Cookies() {
		if c.Name == PageCookie {
			b.cookie = c
		}
	}
	return b
}

func (b *browser) host() string { return strings.TrimPrefix(b.r.agent.PageURL(), "http://") }

func (b *browser) get(path string, change func(*http.Request)) *http.Response {
	b.Helper()
	req, err := http.NewRequest(http.MethodGet, b.r.agent.PageURL()+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	if b.cookie != nil {
		req.AddCookie(b.cookie)
	}
	if change != nil {
		change(req)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		b.Fatal(err)
	}
	return resp
}

// code returns the status and, of a problem, its code.
func (b *browser) code(path string, change func(*http.Request)) string {
	b.Helper()
	resp := b.get(path, change)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	out := fmt.Sprint(resp.StatusCode)
	if resp.Header.Get("Content-Type") == "application/problem+json" {
		var p struct{ Code string }
		if err := json.Unmarshal(body, &p); err != nil {
			b.Fatal(err)
		}
		out += " " + p.Code
	}
	return out
}

func (b *browser) dial(origin string, cookie bool) (*websocket.Conn, int) {
	b.Helper()
	h := http.Header{}
	if origin != "" {
		h.Set("Origin", origin)
	}
	if cookie {
		h.Set("Cookie", b.cookie.String())
	}
	conn, resp, err := websocket.DefaultDialer.Dial("ws://"+b.host()+"/agent/ws", h)
	if err != nil {
		if resp == nil {
			b.Fatal(err)
		}
		return nil, resp.StatusCode
	}
	b.Cleanup(func() { conn.Close() })
	return conn, resp.StatusCode
}

// hear reads messages until one satisfies ok.
func (b *browser) hear(conn *websocket.Conn, what string, ok func(message) bool) message {
	b.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		b.Fatal(err)
	}
	for {
		var m message
		if err := conn.ReadJSON(&m); err != nil {
			b.Fatalf("waiting for %s: %v", what, err)
		}
		if ok(m) {
			return m
		}
	}
}

func TestPageServesFiles(t *testing.T) {
	r := newRig(t, t.TempDir(), newServer(t))
	b := newBrowser(r)
	if b.cookie == nil || !b.cookie.HttpOnly || b.cookie.SameSite != http.SameSiteStrictMode {
		t.Fatalf("cookie %+v", b.cookie)
	}
	for path, want := range map[string]string{"/": "200", "/station.html": "200", "/recent/1": "200", "/assets/app-1a2b.js": "200", "/assets/none.js": "404", "/agent/state": "200", "/agent/none": "404 not_found"} {
		if got := b.code(path, nil); got != want {
			t.Errorf("%s gave %s, want %s", path, got, want)
		}
	}
	resp := b.get("/assets/app-1a2b.js", nil)
	defer resp.Body.Close()
	if c := resp.Header.Get("Cache-Control"); !strings.Contains(c, "immutable") {
		t.Errorf("asset caching %q", c)
	}
}

func TestPageWithoutBuild(t *testing.T) {
	r := newRig(t, t.TempDir(), newServer(t))
	r.stop()
	conf := r.agent.Config
	conf.Web = nil
	r = startRig(t, conf, r.server)
	b := &browser{T: t, r: r}
	if got := b.code("/", nil); got != "503 page_missing" {
		t.Errorf("without a build the page gave %s", got)
	}
}

// Other names for this machine, other sites and old tokens get nothing.
func TestPageRefuses(t *testing.T) {
	r := newRig(t, t.TempDir(), newServer(t))
	b := newBrowser(r)
	port := b.host()[strings.LastIndexByte(b.host(), ':'):]
	for _, host := range []string{"evil.example" + port, "127.0.0.1", "127.0.0.1:1", "localhost.evil.example" + port} {
		if got := b.code("/", func(q *http.Request) { q.Host = host }); got != "403 host_refused" {
			t.Errorf("host %s gave %s", host, got)
		}
	}
	if got := b.code("/", func(q *http.Request) { q.Host = "localhost" + port }); got != "200" {
		t.Errorf("localhost gave %s", got)
	}
	for _, origin := range []string{"http://evil.example", "https://" + b.host(), "null", "http://127.0.0.1:1"} {
		if got := b.code("/agent/state", func(q *http.Request) { q.Header.Set("Origin", origin) }); got != "403 origin_refused" {
			t.Errorf("origin %s gave %s", origin, got)
		}
		if conn, status := b.dial(origin, true); conn != nil || status != http.StatusForbidden {
			t.Errorf("a socket from %s gave %d", origin, status)
		}
	}
	if conn, status := b.dial("", true); conn != nil || status != http.StatusForbidden {
		t.Errorf("a socket without origin gave %d", status)
	}
	own := b.r.agent.PageURL()
	if conn, status := b.dial(own, false); conn != nil || status != http.StatusForbidden {
		t.Errorf("a socket without cookie gave %d", status)
	}
	for _, cookie := range []*http.Cookie{nil, {Name: PageCookie, Value: strings.Repeat("0", 64)}, {Name: PageCookie, Value: ""}} {
		b.cookie = cookie
		if got := b.code("/agent/state", nil); got != "403 page_token" {
			t.Errorf("cookie %v gave %s", cookie, got)
		}
	}
	for _, address := range []string{"0.0.0.0:0", ":7070", "192.168.1.2:7070", "example.com:80", "7070"} {
		conf := r.agent.Config
		conf.Dir, conf.Page = t.TempDir(), address
		if a, err := New(conf); err == nil {
			a.close()
			t.Errorf("the page was opened to the network at %s", address)
		}
	}
}

// The page sees the three lights of a scan, what people type and press is recorded like a scan, and after a restart of the agent all of it is there.
func TestPageFollows(t *testing.T) {
	server := newServer(t)
	server.BatchFor = 20 * time.Millisecond // so that light 1 is seen before light 3
	g := newGun(t)
	dir := t.TempDir()
	r := newRig(t, dir, server, g.url(""))
	b := newBrowser(r)
	conn, _ := b.dial(r.agent.PageURL(), true)
	first := b.hear(conn, "state", func(m message) bool { return m.Op == "state" })
	if s := first.State; s.Station != "ST-3" || s.Lang != "zh" || len(s.Devices) != 1 || s.Recent == nil {
		t.Fatalf("first state %+v", s)
	}
	g.send("tail\r")
	b.hear(conn, "notice", func(m message) bool {
		return m.Op == "notice" && m.Notice.Code == NoticePartial && m.Notice.Tone == scanner.ToneError
	})
	if g.beep() != bad {
		t.Fatal("a tail beeped well")
	}
	g.scan("code")
	var lights []string
	b.hear(conn, "third light", func(m message) bool {
		if m.Op != "scan" {
			return false
		}
		l := m.Scan.Lights
		lights = append(lights, fmt.Sprint(l.Captured, l.Accepted, l.Applied))
		return l.Applied && m.Scan.Outcome.Code == scanner.CodeMatched
	})
	if lights[0] != "true false false" {
		t.Errorf("lights came as %v", lights)
	}
	b.hear(conn, "empty queue", func(m message) bool { return m.Op == "link" && m.Link.Queued == 0 && m.Link.Online })

	for _, m := range []typed{{Op: "type", Data: " SF1234567890123 "}, {Op: "control", Data: "BD:DONE"}} {
		if err := conn.WriteJSON(m); err != nil {
			t.Fatal(err)
		}
		want := strings.TrimSpace(m.Data)
		source := map[string]scanner.Source{"type": scanner.FromTyped, "control": scanner.FromKey}[m.Op]
		b.hear(conn, m.Op, func(h message) bool { return h.Op == "scan" && h.Scan.Data == want && h.Scan.Source == source })
	}
	for _, m := range []typed{{Op: "type", Data: ""}, {Op: "type", Data: strings.Repeat("x", maxTyped+1)}, {Op: "control", Data: "no control"}} {
		if err := conn.WriteJSON(m); err != nil {
			t.Fatal(err)
		}
		b.hear(conn, "refusal", func(h message) bool { return h.Op == "notice" && h.Notice.Code == NoticeTyped })
	}
	if err := conn.WriteMessage(websocket.TextMessage, []byte("{")); err != nil {
		t.Fatal(err)
	}
	r.settled()
	if n := len(server.Scans()); n != 3 {
		t.Fatalf("%d scans arrived, want 3", n)
	}
	g.unplug()
	b.hear(conn, "device gone", func(m message) bool { return m.Op == "devices" && m.Devices[0].State == scanner.DeviceGone })
	server.Stop()
	b.hear(conn, "offline", func(m message) bool { return m.Op == "state" && !m.State.Link.Online })
	status, err := Status(t.Context(), dir)
	if err != nil || status.Link.Online || len(status.Recent) != 3 {
		t.Fatalf("status %+v, %v", status, err)
	}
	r.stop()
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
		t.Errorf("the page's socket ended with %v", err)
	}
	if _, err := Status(t.Context(), dir); err == nil {
		t.Error("a stopped agent has a status")
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	r = startRig(t, r.agent.Config, server)
	b = newBrowser(r)
	conn, _ = b.dial(r.agent.PageURL(), true)
	again := b.hear(conn, "state", func(m message) bool { return m.Op == "state" })
	if s := again.State; len(s.Recent) != 3 || s.Recent[0].Data != "BD:DONE" || !s.Recent[0].Lights.Applied {
		t.Fatalf("after a restart the page shows %+v", s.Recent)
	}
}

// A page that does not read is closed; the others and the scanners do not wait for it.
func TestSlowPage(t *testing.T) {
	server := newServer(t)
	g := newGun(t)
	r := newRig(t, t.TempDir(), server, g.url(""))
	b := newBrowser(r)
	c := &client{queue: make(chan []byte, 3)} // a page whose writer is stuck
	if !r.agent.page.join(c) {
		t.Fatal("not joined")
	}
	quick, _ := b.dial(r.agent.PageURL(), true)
	g.send("\r")
	for i := range 5 {
		g.scan(fmt.Sprint("code ", i))
	}
	b.hear(quick, "last scan", func(m message) bool { return m.Op == "scan" && m.Scan.Data == "code 4" })
	n := 0
	for range c.queue { // ends because the queue was closed
		n++
	}
	if n != 3 {
		t.Errorf("the slow page was given %d messages", n)
	}
	r.agent.page.conns.Done()
}
