package agent

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/scanner"
)

// PageCookie carries the token of this start. A page of another site in the same browser cannot have it, and cannot open the socket without it.
const PageCookie = "bd_page"

// contentPolicy lets the page load and talk to nothing but the agent.
const contentPolicy = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// page is the local server of the station page.
type page struct {
	agent *Agent
	url   string
	host  string // 127.0.0.1:7070
	port  string
	token string
	file  string // where `station status` finds the page
	net   net.Listener
	http  *http.Server
	conns sync.WaitGroup
	// camera carries uploads to the server; nil without one.
	camera *http.Transport

	mu      sync.Mutex
	clients map[*client]bool
	closed  bool
}

// listen opens the page's port. Only loopback: the page has no log-in, whoever stands at the bench may use it.
func listen(a *Agent, address string) (*page, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("station page %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("station page %q: the page is for this machine only; give 127.0.0.1:PORT", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("station page: %w; is another agent running?", err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("station page: %w", err), l.Close())
	}
	p := &page{agent: a, host: l.Addr().String(), port: port, token: id.Token(), net: l, clients: map[*client]bool{}, file: filepath.Join(a.Dir, StatusFile)}
	p.url = "http://" + p.host
	p.http = &http.Server{Handler: p.guard(p.routes()), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	return p, nil
}

// StatusFile in the station's directory tells other programs of the same user where the page is, with the token.
const StatusFile = "agent.json"

// Running is what StatusFile holds.
type Running struct {
	Page  string `json:"page"`
	Token string `json:"token"`
	PID   int    `json:"pid"`
}

// serve works until ctx ends.
func (p *page) serve(ctx context.Context) error {
	b, err := json.Marshal(Running{Page: p.url, Token: p.token, PID: os.Getpid()})
	if err == nil {
		err = os.WriteFile(p.file, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("station page: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.http.Serve(p.net) }()
	<-ctx.Done()
	err = errors.Join(p.http.Close(), os.Remove(p.file))
	p.shut()
	if p.camera != nil {
		p.camera.CloseIdleConnections()
	}
	if serveErr := <-ended; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	p.conns.Wait()
	return err
}

// close lets go of the port if serve never ran.
func (p *page) close() error {
	if err := p.net.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("station page: %w", err)
	}
	return nil
}

func (p *page) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /agent/state", p.withCookie(p.getState))
	mux.HandleFunc("GET /agent/ws", p.withCookie(p.getSocket))
	p.labelRoutes(mux)
	p.cameraRoutes(mux)
	mux.HandleFunc("GET /agent/", func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusNotFound, "not_found", "no such address")
	})
	mux.HandleFunc("GET /", p.getFile)
	return mux
}

// guard refuses what does not come from this machine's browser on the page's own address: a name that was pointed at 127.0.0.1 (DNS rebinding) and pages
// of other sites.
func (p *page) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", contentPolicy)
		if !p.ownHost(r.Host) {
			problem(w, http.StatusForbidden, "host_refused", "open the station page as "+p.url)
			return
		}
		if o := r.Header.Get("Origin"); o != "" && o != "http://"+r.Host {
			problem(w, http.StatusForbidden, "origin_refused", "the station page answers only itself")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (p *page) ownHost(host string) bool {
	for _, name := range []string{"127.0.0.1", "localhost", "[::1]"} {
		if host == name+":"+p.port {
			return true
		}
	}
	return host == p.host
}

func (p *page) withCookie(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie(PageCookie)
		if err != nil || subtle.ConstantTimeCompare([]byte(c.Value), []byte(p.token)) != 1 {
			problem(w, http.StatusForbidden, "page_token", "the agent was restarted: load the page again")
			return
		}
		next(w, r)
	}
}

func problem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code, "detail": detail})
}

func (p *page) getState(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(p.agent.State())
}

// getFile serves the built page; every path without a file is the page itself, which routes within.
func (p *page) getFile(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if path.Ext(name) != "" && name != "station.html" {
		if p.agent.Web == nil {
			http.NotFound(w, r)
			return
		}
		if strings.HasPrefix(name, "assets/") {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable") // names carry a hash
		}
		http.FileServerFS(p.agent.Web).ServeHTTP(w, r)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: PageCookie, Value: p.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	var index []byte
	err := os.ErrNotExist
	if p.agent.Web != nil {
		index, err = fs.ReadFile(p.agent.Web, "station.html")
	}
	if err != nil {
		problem(w, http.StatusServiceUnavailable, "page_missing", "the station page is not built in: run make web and build again")
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(index)
}

func (p *page) getSocket(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Origin") == "" {
		problem(w, http.StatusForbidden, "origin_refused", "a browser names the page it comes from")
		return
	}
	up := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 4096, CheckOrigin: func(*http.Request) bool { return true }} // guard checked it
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade answered
	}
	p.attend(conn)
}

// typed is a message of the page.
type typed struct {
	Op       string `json:"op"`
	Data     string `json:"data"`
	Producer string `json:"producer"`
	Seq      uint64 `json:"seq"`
}

func (p *page) heard(m typed) {
	switch m.Op {
	case "type":
		p.agent.typed(scanner.FromTyped, strings.TrimSpace(m.Data))
	case "control":
		p.agent.typed(scanner.FromKey, strings.TrimSpace(m.Data))
	case "settle":
		p.agent.settle(m.Producer, m.Seq)
	}
}
