package wechatpay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/sandbox/logbook"
)

// Config of a simulator. Only Keys is required.
type Config struct {
	Keys      *Keys
	State     string          // the logbook's file; empty keeps the state in memory only
	Notify    string          // where callbacks go when a request has no notify_url
	Behaviour *Behaviour      // of a new logbook; nil means DefaultBehaviour
	Backoff   []time.Duration // between deliveries of a callback; nil means VendorBackoff
	Limits    Limits          // zero: none
	Clock     clock.Clock     // nil: the machine's
	Logger    *slog.Logger    // nil: silent
}

// Limits are the vendor's on the number of requests. Zero fields do not limit.
type Limits struct {
	PerSecond       int           // 150 there
	ErrorsPerSecond int           // 6 there
	Gap             time.Duration // between partial refunds of one transaction: a minute there
}

// VendorLimits are the published ones.
var VendorLimits = Limits{PerSecond: 150, ErrorsPerSecond: 6, Gap: time.Minute}

// Server is the simulator: an http.Handler, with Run for what happens by itself (settling refunds, delivering callbacks).
type Server struct {
	cfg    Config
	keys   *Keys
	clock  clock.Clock
	logger *slog.Logger
	routes http.Handler
	client *http.Client // delivers callbacks

	mu       sync.Mutex
	book     *book
	log      *logbook.Log
	effect   uint64 // the last log line that an answer may show
	pace     pace
	busy     map[string]bool // callbacks on the wire
	changed  chan struct{}   // closed at the next commit; nil while nobody waits for it
	wake     chan struct{}   // one slot: something may be due earlier than the timer
	stranger *Keys           // wrong keys for faults; made on first use
}

// New opens the logbook and replays it. Close releases it.
func New(cfg Config) (*Server, error) {
	if cfg.Keys == nil {
		return nil, errors.New("wechatpay: Config.Keys is nil; Load a key folder")
	}
	s := &Server{cfg: cfg, keys: cfg.Keys, clock: cfg.Clock, logger: cfg.Logger, busy: map[string]bool{}, wake: make(chan struct{}, 1)}
	if s.clock == nil {
		s.clock = clock.System{}
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if s.cfg.Backoff == nil {
		s.cfg.Backoff = VendorBackoff
	}
	behaviour := DefaultBehaviour
	if cfg.Behaviour != nil {
		behaviour = *cfg.Behaviour
	}
	s.book = newBook(behaviour)
	if cfg.State != "" {
		if err := os.MkdirAll(filepath.Dir(cfg.State), 0o700); err != nil {
			return nil, fmt.Errorf("make state folder: %w", err)
		}
	}
	var err error
	if s.log, err = logbook.Open(cfg.State, s.book.replay); err != nil {
		return nil, err
	}
	// A merchant's server is on loopback or in the same test; nothing it answers may send us elsewhere.
	s.client = &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	s.routes = s.route()
	return s, nil
}

// Close writes the last lines and lets go of the logbook. Stop serving first.
func (s *Server) Close() error {
	s.client.CloseIdleConnections()
	return s.log.Close()
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// Serve answers on l and runs until ctx ends; then it closes all connections, hanging ones included.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(ctx) })
	wg.Go(func() { <-ctx.Done(); server.Close() })
	err := server.Serve(l)
	cancel()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

// commit writes e and makes it true. Called with mu held. Answers that show it must wait for the returned number.
func (s *Server) commit(e entry) (uint64, error) {
	line, err := json.Marshal(e)
	if err != nil {
		return 0, fmt.Errorf("encode entry: %w", err)
	}
	seq, err := s.log.Append(line)
	if err != nil {
		return 0, err
	}
	s.book.apply(e)
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
	if e.Refund != nil || e.Payments != nil || e.Callback != nil || e.Balance != nil || e.Rules != nil || e.Behaviour != nil {
		s.effect = seq
	}
	return seq, nil
}

// durable waits until all that an answer may show is on disk.
func (s *Server) durable() error {
	s.mu.Lock()
	seq := s.effect
	s.mu.Unlock()
	return s.log.Wait(seq)
}

// nudge wakes Run; a nudge already waiting is enough.
func (s *Server) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
