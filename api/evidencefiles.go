package api

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/backdock/backdock/receiving/evidence"
)

// fileType of thumbnails and chapters.
const (
	thumbType = "image/jpeg"
	vttType   = "text/vtt; charset=utf-8"
)

// routesEvidenceFiles serves files by the number of their evidence, never by their hash: who asks is asked for a grant each time.
func (s *Server) routesEvidenceFiles() {
	s.app.Get(prefix+"/evidence/:number/content", s.evidenceFile(func(c *fiber.Ctx, e evidence.Shown) error {
		r, err := s.d.Evidence.Open(c.UserContext(), e.Evidence)
		if err != nil {
			return err
		}
		return sendFile(c, r, e.Type, e.Hash, e.FileName())
	}))
	s.app.Get(prefix+"/evidence/:number/thumbnail", s.evidenceFile(func(c *fiber.Ctx, e evidence.Shown) error {
		r, err := s.d.Evidence.Thumbnail(c.UserContext(), e.Evidence)
		if err != nil {
			return err
		}
		return sendFile(c, r, thumbType, "t-"+e.Hash, e.Number()+"-small.jpg")
	}))
	s.app.Get(prefix+"/evidence/:number/chapters.vtt", s.evidenceFile(func(c *fiber.Ctx, e evidence.Shown) error {
		chapters, err := s.d.Evidence.Chapters(c.UserContext(), e.Evidence)
		if err != nil {
			return err
		}
		lang := c.Query("lang", s.o.SiteLang)
		c.Set(fiber.HeaderContentType, vttType)
		return c.SendString(evidence.VTT(chapters, e.DurationMS, lang))
	}))
}

func (s *Server) evidenceFile(serve func(c *fiber.Ctx, e evidence.Shown) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if s.d.Evidence == nil {
			return errNotWired
		}
		who, err := s.identify(c.UserContext(), c.Cookies(cookieName), seesGoods)
		if err != nil {
			return err
		}
		e, err := s.d.Evidence.Within(c.UserContext(), who.Scope, c.Params("number"))
		if err != nil {
			return err
		}
		return serve(c, e)
	}
}

// sendFile sends a file or the range of it that was asked for. A number's content never changes, so it may be kept; only by the browser that had a grant.
func sendFile(c *fiber.Ctx, r io.ReadSeekCloser, kind, tag, name string) (err error) {
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("size of %s: %w", name, err)
	}
	tag = `"` + tag + `"`
	c.Set(fiber.HeaderETag, tag)
	c.Set(fiber.HeaderCacheControl, "private, max-age=31536000, immutable")
	c.Set(fiber.HeaderContentType, kind)
	c.Set(fiber.HeaderContentDisposition, `inline; filename="`+name+`"`)
	c.Set(fiber.HeaderAcceptRanges, "bytes")
	// Whatever the file holds, opened by itself it is a picture or a video and runs nothing.
	c.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
	if strings.Contains(c.Get(fiber.HeaderIfNoneMatch), tag) {
		c.Status(http.StatusNotModified)
		return r.Close()
	}
	from, until, err := rangeOf(c, size, tag)
	if err != nil {
		return err
	}
	if _, err := r.Seek(from, io.SeekStart); err != nil {
		return fmt.Errorf("seek in %s: %w", name, err)
	}
	length := until - from + 1
	c.Context().SetBodyStream(&stretch{io.LimitReader(r, length), r}, int(length))
	return nil
}

// stretch is a part of a file that closes it when it is sent.
type stretch struct {
	io.Reader
	io.Closer
}

// rangeOf says which bytes to send and sets the status. One range is served; several at once are answered with the whole, which HTTP allows.
func rangeOf(c *fiber.Ctx, size int64, tag string) (from, until int64, err error) {
	asked := c.Get(fiber.HeaderRange)
	ifRange := c.Get(fiber.HeaderIfRange)
	if !strings.HasPrefix(asked, "bytes=") || strings.Contains(asked, ",") || ifRange != "" && ifRange != tag {
		c.Status(http.StatusOK)
		return 0, size - 1, nil
	}
	a, b, err := fasthttp.ParseByteRange([]byte(asked), int(size))
	if err != nil {
		c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes */%d", size))
		return 0, 0, tusProblem(http.StatusRequestedRangeNotSatisfiable, "range_invalid", "the file has no such bytes")
	}
	c.Status(http.StatusPartialContent)
	c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes %d-%d/%d", a, b, size))
	return int64(a), int64(b), nil
}
