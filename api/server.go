package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/backdock/backdock/api/live"
	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/idempotency"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/inventory/stock"
	"github.com/backdock/backdock/receiving/evidence"
	"github.com/backdock/backdock/receiving/label"
	"github.com/backdock/backdock/receiving/report"
)

// Deps is what a server is made of. What is nil is not served: a route whose verb is missing answers 503 not_wired.
type Deps struct {
	DB        *db.DB
	Log       *event.Log
	Clock     clock.Clock
	Auth      *auth.Keeper
	Ring      *secret.Ring
	Report    *report.Reports
	Desk      Desk
	Expected  ExpectedFeed
	QC        Inspector
	Bench     *qc.Bench     // what happens to a piece beside its inspection; nil: this server does not serve that
	Stock     *stock.Keeper // likewise
	Parcels   ParcelOffice
	Unclaimed UnclaimedOffice
	Cases     CaseOffice
	Refunds   RefundOffice
	Scans     ScanOffice
	Tracks    TrackOffice
	Plates    PlateOffice
	Notices   PaymentNotices
	Evidence  *evidence.Office
	Web       fs.FS // the web build; nil or without index.html: 503 for pages
	Registry  *prometheus.Registry
	Logger    *slog.Logger
	Version   string
	Options   Options
}

// Options tune a server; the zero value is right for one behind no proxy.
type Options struct {
	SiteLang       string        // zh or en, for whom has not chosen; empty takes zh
	Origins        []string      // further origins of our pages, as "https://returns.example.com"
	TrustedProxies []string      // addresses whose X-Forwarded-For and -Proto count
	BodyLimit      int           // bytes of a request; 0 takes 1 MiB
	RequestTimeout time.Duration // 0 takes 15 s
	BoardEvery     time.Duration // shortest time between two boards of a warehouse; 0 takes a second
	Ping           time.Duration // between pings of a socket; 0 takes 20 s. A peer silent for twice that and Grace is gone
	Grace          time.Duration // 0 takes 10 s
	Recheck        time.Duration // how often an open /ws/live asks whether its session and grants still stand; 0 takes a minute
}

func (o *Options) fill() {
	if o.SiteLang == "" {
		o.SiteLang = "zh"
	}
	if o.BodyLimit == 0 {
		o.BodyLimit = 1 << 20
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = 15 * time.Second
	}
	if o.BoardEvery == 0 {
		o.BoardEvery = time.Second
	}
	if o.Recheck == 0 {
		o.Recheck = time.Minute
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	if o.Ping == 0 {
		o.Ping = 20 * time.Second
	}
}

// Server answers the outside.
type Server struct {
	d        Deps
	o        Options
	clock    clock.Clock
	auth     *auth.Keeper
	report   *report.Reports
	labels   *label.Office
	idem     *idempotency.Keeper
	logger   *slog.Logger
	app      *fiber.App
	huma     huma.API
	routes   []route
	metrics  *metrics
	sockets  *sockets
	stations *stations
	hub      *live.Hub
	packed   packed

	stop    context.CancelFunc
	running sync.WaitGroup

	mu        sync.Mutex
	listeners []net.Listener
	down      bool
}

// New makes a server and starts what it runs beside requests; Shutdown ends it.
func New(d Deps) *Server {
	s := build(d)
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.running.Go(func() { s.hub.Run(ctx) })
	s.running.Go(func() { s.tidy(ctx) })
	return s
}

// Describe returns the OpenAPI description of this version of the program as JSON. It needs no store and starts nothing.
func Describe(version string) ([]byte, error) {
	return build(Deps{Clock: clock.System{}, Version: version}).OpenAPI()
}

func build(d Deps) *Server {
	useProblems()
	d.Options.fill()
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Registry == nil {
		d.Registry = prometheus.NewRegistry()
	}
	s := &Server{d: d, o: d.Options, clock: d.Clock, auth: d.Auth, report: d.Report, logger: d.Logger, idem: idempotency.New(d.DB, d.Clock, d.Ring), labels: label.NewOffice(d.DB)}
	s.metrics = newMetrics(d.Registry, s)
	s.sockets = newSockets(s)
	s.stations = newStations(s)
	s.hub = live.New(live.Options{Log: d.Log, Report: d.Report, Clock: d.Clock, Logger: d.Logger, BoardEvery: s.o.BoardEvery, Watch: s.stations.saw})
	s.app = fiber.New(fiber.Config{
		// Immutable: fasthttp reuses its buffers, and strings of one request would change under the next.
		Immutable: true, StrictRouting: true, CaseSensitive: true, UnescapePath: true, DisableStartupMessage: true, AppName: "backdock",
		BodyLimit: s.o.BodyLimit, ReadBufferSize: 16 << 10, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 75 * time.Second,
		ErrorHandler: s.send, EnableTrustedProxyCheck: true, TrustedProxies: s.o.TrustedProxies, ProxyHeader: fiber.HeaderXForwardedFor, EnableIPValidation: true,
	})
	s.app.Server().HeaderReceived = s.patience
	s.app.Use(s.guard)
	s.huma = humafiber.New(s.app, s.config())
	s.routesAll()
	return s
}

func (s *Server) routesAll() {
	s.routesAuth()
	s.routesUnits()
	s.routesUnitActs()
	s.routesLabels()
	s.routesDock() // before parcels: /parcels/queue is no parcel's number
	s.routesPlates()
	s.routesParcels()
	s.routesUnclaimed()
	s.routesCases()
	s.routesRefunds()
	s.routesScans()
	s.routesStock()
	s.routesUsers()
	s.routesStations()
	s.routesBenchPage()
	s.routesReports()
	s.routesWork()
	s.routesEvidence()
	s.routesEvidenceFiles()
	s.routesUploads()
	s.routesSystem()
	s.orNull("UnitDetail", "order", "case", "inspection", "refund")
	s.routesWeb() // last: it answers for every path that nobody else knows
}

// orNull describes properties that are an object or null; huma's tags say that of scalars only.
func (s *Server) orNull(schema string, properties ...string) {
	of := s.huma.OpenAPI().Components.Schemas.Map()[schema].Properties
	for _, name := range properties {
		of[name] = &huma.Schema{AnyOf: []*huma.Schema{{Ref: of[name].Ref}, {Type: "null"}}, Description: of[name].Description}
	}
}

func (s *Server) config() huma.Config {
	c := huma.DefaultConfig("Backdock", s.d.Version)
	c.Info.Description = "Receives customer returns in a warehouse. Errors are RFC 9457 problems with a stable code; times are RFC 3339 in UTC; money is an integer of the currency's minor unit."
	c.CreateHooks = nil // no $schema links in answers
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"session": {Type: "apiKey", In: "cookie", Name: cookieName}}
	c.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	return c
}

var errText = errors.New("the body holds bytes that are not UTF-8 text, or NUL")

// jsonFormat is encoding/json that refuses what the databases cannot store: broken UTF-8, which encoding/json would replace in silence, and NUL.
var jsonFormat = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if !utf8.Valid(data) {
			return errText
		}
		if err := json.Unmarshal(data, v); err != nil {
			return jsonError(err)
		}
		if bytes.Contains(data, []byte(`\u0000`)) && holdsNUL(data) {
			return errText
		}
		return nil
	},
}

// jsonError words what is wrong: encoding/json tells of our types and repeats numbers.
func jsonError(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("the body is not JSON at byte %d", syntax.Offset)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && kind.Field != "" {
		return fmt.Errorf("the body holds something else than it should at %s", kind.Field)
	}
	return errors.New("the body holds a value that cannot be read")
}

func holdsNUL(data []byte) bool {
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		t, err := d.Token()
		if err != nil {
			return false
		}
		if text, ok := t.(string); ok && !plain(text) {
			return true
		}
	}
}

// Handler returns the fasthttp handler, for tests and for listeners of one's own.
func (s *Server) Handler() fasthttp.RequestHandler { return s.app.Handler() }

// OpenAPI returns the description of the API as JSON.
func (s *Server) OpenAPI() ([]byte, error) {
	b, err := json.MarshalIndent(s.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	return append(b, '\n'), nil
}

// Listen serves on address until Shutdown.
func (s *Server) Listen(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return s.Serve(l)
}

// Serve serves on l until Shutdown, even when that came first.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	down := s.down
	s.mu.Unlock()
	if down {
		return l.Close()
	}
	err := s.app.Listener(patient{l})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil
	}
	return err
}

// Shutdown lets requests under way end and closes every socket with 1012, service restart: fasthttp forgets sockets once they are upgraded.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.down = true
	listeners := s.listeners
	s.mu.Unlock()
	err := errors.Join(s.sockets.shutdown(ctx), s.app.ShutdownWithContext(ctx))
	for _, l := range listeners {
		_ = l.Close() // fasthttp has closed it already, unless it had not begun
	}
	s.stop()
	s.running.Wait()
	return err
}

// tidy sweeps what has expired, at leisure.
func (s *Server) tidy(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Minute):
		}
		err := errors.Join(s.auth.Sweep(ctx), s.idem.Sweep(ctx), s.auth.SweepStations(ctx))
		if s.d.Expected != nil {
			err = errors.Join(err, s.d.Expected.Sweep(ctx))
		}
		if err != nil && ctx.Err() == nil {
			s.logger.Warn("tidy up", "error", err)
		}
	}
}
