package api

import (
	_ "embed"
	"maps"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner/wire"
)

//go:embed docs/index.html
var docsPage []byte

//go:embed docs/docs.js
var docsScript []byte

//go:embed docs/docs.css
var docsStyle []byte

// routesSystem adds what is not part of the described API: sockets, hooks, health and the description itself.
func (s *Server) routesSystem() {
	s.app.Get(wire.Path, s.stations.handler())
	s.app.Get("/ws/live", s.liveHandler())
	s.app.Get(wire.ExpectedPath, s.expected)
	s.app.Get("/healthz", func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok", "version": s.d.Version}) })
	s.app.Get("/readyz", s.ready)
	s.app.Get("/metrics", s.metrics.expose)
	s.app.Post("/hooks/pay/:gateway/:account", s.paymentNotice)
	s.app.Get("/openapi.json", func(c *fiber.Ctx) error {
		spec, err := s.OpenAPI()
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentType, "application/openapi+json")
		return c.Send(spec)
	})
	for path, file := range map[string]struct {
		kind string
		body []byte
	}{"/docs": {"text/html; charset=utf-8", docsPage}, "/docs/docs.js": {"text/javascript; charset=utf-8", docsScript}, "/docs/docs.css": {"text/css; charset=utf-8", docsStyle}} {
		s.app.Get(path, func(c *fiber.Ctx) error {
			c.Set(fiber.HeaderContentType, file.kind)
			c.Set(fiber.HeaderCacheControl, "no-cache")
			return c.Send(file.body)
		})
	}
	s.app.Use("/api", s.unknown)
	s.app.Use("/hooks", s.unknown)
	s.app.Use("/ws", s.unknown)
	s.app.Use("/station/", s.unknown)
}

// unknown answers for paths below /api, /ws and /hooks that no route has: 405 with Allow when another method would do, else 404.
func (s *Server) unknown(c *fiber.Ctx) error {
	allow := map[string]bool{}
	for _, r := range s.app.GetRoutes(true) {
		if r.Method != fiber.MethodHead && strings.Contains(r.Path, "/") && fiber.RoutePatternMatch(c.Path(), r.Path, fiber.Config{StrictRouting: true, CaseSensitive: true}) {
			allow[r.Method] = true
		}
	}
	if len(allow) == 0 {
		return fault.New(fault.NotFound, "route_unknown", "there is nothing at %s", c.Path())
	}
	c.Set(fiber.HeaderAllow, strings.Join(slices.Sorted(maps.Keys(allow)), ", "))
	return fiber.NewError(fiber.StatusMethodNotAllowed, "this address does not take "+c.Method())
}

// ready says whether this server can do its work: the store answers and has the schema that the program knows.
func (s *Server) ready(c *fiber.Ctx) error {
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	if down {
		return fault.New(fault.Unavailable, "going_away", "this server is closing")
	}
	if err := s.d.DB.Ping(c.UserContext()); err != nil {
		return fault.New(fault.Unavailable, "database", "the database does not answer: %w", err)
	}
	applied, newest, err := s.d.DB.SchemaVersion(c.UserContext())
	if err != nil {
		return err
	}
	if applied < newest {
		return fault.New(fault.Unavailable, "schema_old", "the schema has version %d and this program needs %d: run backdock migrate", applied, newest)
	}
	return c.JSON(fiber.Map{"status": "ready", "schema": applied})
}

// paymentNotice hands a gateway's message on as it came: what is signed is the bytes.
func (s *Server) paymentNotice(c *fiber.Ctx) error {
	if s.d.Notices == nil {
		return errNotWired
	}
	header := map[string]string{}
	for k, v := range c.Request().Header.All() {
		header[strings.ToLower(string(k))] = string(v)
	}
	status, kind, answer := s.d.Notices.Notice(c.UserContext(), strings.Clone(c.Params("gateway")), strings.Clone(c.Params("account")), header, slices.Clone(c.Body()))
	c.Set(fiber.HeaderContentType, kind)
	return c.Status(status).Send(answer)
}
