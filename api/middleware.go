package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

const headerRequestID = "X-Request-Id"

var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// contentPolicy allows what the pages of the build need and nothing from anywhere else.
const contentPolicy = "default-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; frame-ancestors 'none'"

// secure sets the headers that every answer carries.
func secure(c *fiber.Ctx) {
	c.Set("Content-Security-Policy", contentPolicy)
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("X-Frame-Options", "DENY")
	c.Set("Referrer-Policy", "no-referrer")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set("Permissions-Policy", "camera=(self), microphone=(self), geolocation=()")
	if c.Protocol() == "https" {
		c.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

func requestID(c *fiber.Ctx) string {
	rid, _ := c.Locals(headerRequestID).(string)
	return rid
}

// guard is the outermost handler: request id, headers, deadline, panics, text that the databases could not store.
func (s *Server) guard(c *fiber.Ctx) (err error) {
	rid := c.Get(headerRequestID)
	if !requestIDForm.MatchString(rid) {
		rid = id.Hex(8)
	}
	c.Locals(headerRequestID, rid)
	c.Set(headerRequestID, rid)
	secure(c)
	if strings.HasPrefix(c.Path(), "/api/") {
		c.Set(fiber.HeaderCacheControl, "no-store")
	}
	// fasthttp does not cancel anything when the client goes away.
	ctx, cancel := context.WithTimeout(c.UserContext(), s.o.RequestTimeout)
	defer cancel()
	c.SetUserContext(ctx)
	defer func() {
		if p := recover(); p != nil {
			s.logger.Error("panic", slog.String("request_id", rid), slog.String("route", c.Route().Path), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			err = s.send(c, fmt.Errorf("panic: %v", p))
		}
	}()
	if err := cleanText(c); err != nil {
		return s.send(c, err)
	}
	start := clock.Mono()
	if err = c.Next(); err != nil {
		err = s.send(c, err)
	}
	s.metrics.request(c, time.Duration(clock.Mono()-start)*time.Microsecond)
	return err
}

// cleanText refuses paths and queries that are not UTF-8 or hold NUL, which PostgreSQL cannot store.
func cleanText(c *fiber.Ctx) error {
	bad := !plain(c.Path())
	for key, value := range c.Context().QueryArgs().All() {
		bad = bad || !plain(string(key)) || !plain(string(value))
	}
	if bad {
		return fault.New(fault.Invalid, "not_text", "the address holds bytes that are not UTF-8 text")
	}
	return nil
}

func plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// ours reports whether a browser's Origin is this site: the host the request was sent to, or one the operator named.
func (s *Server) ours(c *fiber.Ctx, origin string) bool {
	for _, o := range s.o.Origins {
		if strings.EqualFold(o, origin) {
			return true
		}
	}
	scheme, host, ok := strings.Cut(origin, "://")
	return ok && (scheme == "http" || scheme == "https") && strings.EqualFold(host, c.Hostname())
}

// address is the client's: the rightmost of X-Forwarded-For that is no proxy of ours. What stands left of it the client may have written itself.
func (s *Server) address(c *fiber.Ctx) string {
	remote := c.Context().RemoteIP().String()
	if !s.proxy(remote) {
		return remote
	}
	hops := strings.Split(c.Get(fiber.HeaderXForwardedFor), ",")
	for _, hop := range slices.Backward(hops) {
		if hop = strings.TrimSpace(hop); !s.proxy(hop) {
			if at, err := netip.ParseAddr(hop); err == nil {
				return at.String()
			}
			break
		}
	}
	return remote
}

// proxy reports whether an address is one of the operator's proxies.
func (s *Server) proxy(address string) bool {
	at, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(s.o.TrustedProxies, func(p string) bool {
		if net, err := netip.ParsePrefix(p); err == nil {
			return net.Contains(at.Unmap())
		}
		one, err := netip.ParseAddr(p)
		return err == nil && one == at.Unmap()
	})
}
