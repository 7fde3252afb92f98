package api

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/scanner/wire"
)

// expected answers a station that asks what its warehouse awaits: a page of the feed, or 304 when the cursor it holds is the newest. The sums are made with the
// station's own token, which the server knows only now.
func (s *Server) expected(c *fiber.Ctx) error {
	if s.d.Expected == nil {
		return errNotWired
	}
	token, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")
	if !ok {
		return auth.ErrStation
	}
	station, err := s.auth.Station(c.UserContext(), token)
	if err != nil {
		return err
	}
	after := c.Query("after")
	page, news, err := s.d.Expected.Page(c.UserContext(), station.Warehouse, wire.NewHasher(token), after)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Vary(fiber.HeaderAuthorization, fiber.HeaderAcceptEncoding)
	tag := `"` + after + `"`
	if !news && after != "" && c.Get(fiber.HeaderIfNoneMatch) == tag {
		c.Set(fiber.HeaderETag, tag)
		return c.SendStatus(http.StatusNotModified)
	}
	body := page.Encode()
	c.Set(fiber.HeaderETag, `"`+page.Cursor+`"`)
	c.Set(fiber.HeaderContentType, fiber.MIMEOctetStream)
	if len(body) > 1400 && c.AcceptsEncodings("gzip") == "gzip" {
		// Unlike other answers of the API: nothing here is what somebody else could have chosen beside a secret.
		var small bytes.Buffer
		z, err := gzip.NewWriterLevel(&small, gzip.BestSpeed)
		if err == nil {
			_, err = z.Write(body)
		}
		if err == nil {
			err = z.Close()
		}
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentEncoding, "gzip")
		body = small.Bytes()
	}
	return c.Send(body)
}
