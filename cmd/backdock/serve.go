package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/web"
)

type serveCmd struct {
	storeFlags
	evidenceFlags
	Listen    string        `help:"Address of HTTP and websockets." default:"127.0.0.1:8080" env:"BACKDOCK_LISTEN" placeholder:"HOST:PORT"`
	PublicURL string        `help:"How browsers and payment callbacks reach this server." env:"BACKDOCK_PUBLIC_URL" placeholder:"URL"`
	Payments  string        `help:"JSON file of merchant accounts; see docs/operations.md." env:"BACKDOCK_PAYMENTS" placeholder:"FILE"`
	Proxies   []string      `help:"Addresses of proxies whose X-Forwarded-For counts." env:"BACKDOCK_PROXIES"`
	SiteLang  string        `help:"Language of who has not chosen." default:"zh" enum:"zh,en" env:"BACKDOCK_LANG"`
	Workers   int           `help:"Refunds under way at once." default:"8" env:"BACKDOCK_WORKERS"`
	MinGap    time.Duration `help:"Pause between two refunds of one payment." default:"61s" env:"BACKDOCK_REFUND_GAP"`
	Poll      time.Duration `help:"First pause before an accepted refund is asked about." default:"5s" env:"BACKDOCK_REFUND_POLL"`
	Lease     time.Duration `help:"Longest a refund is left to a process that may have died; longer than the gateway's time-out." default:"1m" env:"BACKDOCK_REFUND_LEASE"`
	Retry     time.Duration `help:"First pause after a call whose effect is unknown." default:"2s" env:"BACKDOCK_REFUND_RETRY"`
}

// gcPercent lets the heap grow to four times what is alive before it is collected. That is little here, some ten megabytes, and at Go's default of twice a
// sixth of a busy server's processor time went into collecting it.
const gcPercent = 300

const (
	// stockEvery is how soon other systems hear of stock that has changed, and how late a reservation may end.
	stockEvery = 2 * time.Second
	// ageEvery is how late a piece that waits too long may be told of.
	ageEvery = 5 * time.Minute
)

// Run serves until ctx ends.
func (c serveCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	s, err := c.start(ctx, log, 0)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "backdock %s serves %s\n", Version, s.URL())
	select {
	case <-ctx.Done():
		log.Info("closing")
	case <-s.failed:
		log.Error("a part of the server failed; closing")
	}
	end, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return s.Close(end)
}

// server is a running server with its background work.
type server struct {
	parts   *parts
	api     *api.Server
	url     string
	stop    context.CancelFunc
	running *errgroup.Group
	failed  <-chan struct{}
}

// start opens the store, wires everything and listens. jobPoll is how often the job queue looks by itself; 0 takes its default.
func (c serveCmd) start(ctx context.Context, log *slog.Logger, jobPoll time.Duration) (_ *server, err error) {
	store, err := c.open(ctx, log, true)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			store.close()
		}
	}()
	g, err := loadGateways(c.Payments, store.clock.Now)
	if err != nil {
		return nil, err
	}
	return c.startOn(store, g, log, jobPoll)
}

// startOn is start with a store and gateways that are there already.
func (c serveCmd) startOn(store *store, g gateways, log *slog.Logger, jobPoll time.Duration) (*server, error) {
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	s := &server{url: "http://" + l.Addr().String()}
	public := c.PublicURL
	if public == "" && loopback(l.Addr()) {
		public = s.url // a simulator on this machine can call back
	}
	photos, err := c.openEvidence(context.Background(), c.Data)
	if err != nil {
		l.Close()
		return nil, err
	}
	s.parts, err = wire(store, wireOptions{log: log, photos: photos, limits: c.limits(), gateways: g, notify: notifyURL(public), workers: c.Workers, poll: jobPoll,
		pace: refund.Pace{MinGap: c.MinGap, Poll: c.Poll, Retry: c.Retry, Lease: c.Lease}})
	if err != nil {
		l.Close()
		return nil, err
	}
	s.serve(l, c, log)
	return s, nil
}

func (s *server) serve(l net.Listener, c serveCmd, log *slog.Logger) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	d := s.parts.deps(reg)
	d.Web = web.Dist()
	d.Options = api.Options{SiteLang: c.SiteLang, TrustedProxies: c.Proxies}
	if c.PublicURL != "" {
		d.Options.Origins = []string{origin(c.PublicURL)}
	}
	s.api = api.New(d)
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	group, groupCtx := errgroup.WithContext(ctx)
	s.running, s.failed = group, groupCtx.Done()
	group.Go(func() error { return s.parts.log.Run(groupCtx, log) })
	group.Go(func() error { return s.parts.engine.Run(groupCtx, 10*time.Second) })
	group.Go(func() error { return s.parts.stock.Run(groupCtx, stockEvery, log) })
	group.Go(func() error { return s.parts.qc.Run(groupCtx, ageEvery, log) })
	group.Go(func() error { return s.parts.work.Run(groupCtx, time.Second, log) })
	group.Go(func() error { return s.parts.evidence.Run(groupCtx) })
	group.Go(func() error { return s.parts.queue.Start(context.WithoutCancel(groupCtx)) })
	group.Go(func() error { return s.api.Serve(l) })
}

// URL is where the server answers.
func (s *server) URL() string { return s.url }

// DB is the server's store.
func (s *server) DB() *db.DB { return s.parts.db }

// Importer applies records in this process.
func (s *server) Importer() *intake.Importer { return s.parts.importer() }

// Keeper keeps users and stations.
func (s *server) Keeper() *auth.Keeper { return s.parts.keeper }

// Close ends sockets, requests and jobs, in this order, then the store.
func (s *server) Close(ctx context.Context) error {
	err := errors.Join(s.api.Shutdown(ctx), s.parts.queue.Stop(ctx))
	s.stop()
	if e := s.running.Wait(); e != nil && !errors.Is(e, context.Canceled) {
		err = errors.Join(err, e)
	}
	s.parts.close()
	return err
}

// notifyURL makes the callback address of an account.
func notifyURL(public string) func(refund.Account) string {
	return func(a refund.Account) string {
		if public == "" {
			return ""
		}
		return strings.TrimSuffix(public, "/") + "/hooks/pay/" + strings.TrimSuffix(a.Gateway, "pay") + "/" + url.PathEscape(a.Account)
	}
}

func origin(public string) string {
	u, err := url.Parse(public)
	if err != nil {
		return public
	}
	return u.Scheme + "://" + u.Host
}

func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
