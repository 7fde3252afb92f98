package api

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"github.com/backdock/backdock/internal/fault"
)

const (
	indexPage   = "index.html"
	stationPage = "station.html"
)

// withoutBuild is what a page request gets from a server that was built without the web build.
const withoutBuild = "<!doctype html><meta charset=utf-8><title>Backdock</title><h1>503</h1><p>The pages are not built. Run <code>make web</code> and start again. The API works: see <a href=/docs>/docs</a>.</p>\n"

// routesWeb serves the web build: files under assets/ carry a hash in their name and never change, pages always ask, and any other path is a page of the app.
func (s *Server) routesWeb() {
	s.app.Use(func(c *fiber.Ctx) error {
		if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead {
			return fiber.NewError(fiber.StatusMethodNotAllowed, "this address does not take "+c.Method())
		}
		name := strings.TrimPrefix(path.Clean("/"+c.Path()), "/")
		if strings.HasPrefix(name, "assets/") {
			c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
		} else {
			c.Set(fiber.HeaderCacheControl, "no-cache")
		}
		if name != "" && s.file(c, name) {
			return nil
		}
		if strings.HasPrefix(name, "assets/") || path.Ext(name) != "" {
			return fault.New(fault.NotFound, "file_unknown", "there is no file %s", c.Path())
		}
		if name == benchPage && s.file(c, stationPage) {
			return nil
		}
		if s.file(c, indexPage) {
			return nil
		}
		c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
		return c.Status(http.StatusServiceUnavailable).SendString(withoutBuild)
	})
}

// file sends a file of the build; false means that there is none.
func (s *Server) file(c *fiber.Ctx, name string) bool {
	if s.d.Web == nil || !fs.ValidPath(name) {
		return false
	}
	info, err := fs.Stat(s.d.Web, name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	b, err := fs.ReadFile(s.d.Web, name)
	if err != nil {
		return false
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	c.Set(fiber.HeaderContentType, kind)
	if small, ok := s.packed.of(name, kind, b); ok {
		c.Vary(fiber.HeaderAcceptEncoding)
		if c.AcceptsEncodings("gzip") == "gzip" {
			c.Set(fiber.HeaderContentEncoding, "gzip")
			b = small
		}
	}
	c.Status(http.StatusOK)
	if c.Method() != fiber.MethodHead {
		_ = c.Send(b)
	}
	return true
}

// packed keeps the build's files compressed, each once. Answers of the API are not: they hold secrets beside what others may choose.
type packed struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (p *packed) of(name, kind string, b []byte) ([]byte, bool) {
	if len(b) < 1400 || !strings.HasPrefix(kind, "text/") && !strings.HasPrefix(kind, "image/svg") && !strings.HasPrefix(kind, "application/json") {
		return nil, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	small, ok := p.files[name]
	if !ok {
		var buf bytes.Buffer
		z, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
		if err != nil {
			return nil, false
		}
		if _, err := z.Write(b); err != nil || z.Close() != nil {
			return nil, false
		}
		small = buf.Bytes()
		if p.files == nil {
			p.files = map[string][]byte{}
		}
		p.files[name] = small
	}
	return small, true
}
