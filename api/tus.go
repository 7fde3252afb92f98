package api

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/receiving/evidence"
)

// Uploads speak tus 1.0 (https://tus.io/protocols/resumable-upload): core, creation, checksum, termination.
const (
	uploadsPath   = prefix + "/evidence/uploads" // wire.UploadsPath
	tusVersion    = "1.0.0"
	tusExtensions = "creation,checksum,termination"
	tusSums       = "sha1,sha256"

	headerTus      = "Tus-Resumable"
	headerOffset   = "Upload-Offset"
	headerLength   = "Upload-Length"
	headerMetadata = "Upload-Metadata"
	headerSum      = "Upload-Checksum"
	// headerEvidence names the evidence that an upload has become.
	headerEvidence = "Backdock-Evidence"

	offsetType      = "application/offset+octet-stream"
	statusBadSum    = 460 // of the checksum extension
	uploadWithin    = 2 * time.Minute
	uploadRead      = 2 * time.Minute  // a part on a slow line
	downloadWrite   = 10 * time.Minute // a video on a slow line
	evidencePrefix  = prefix + "/evidence/"
	partHeadroom    = 4096
	methodOverrides = "X-HTTP-Method-Override"
)

var addsEvidence = only(auth.Dock, auth.Clerk, auth.Inspector, auth.Putaway, auth.Service, auth.Claims, auth.Manager, auth.Admin)

// patience gives requests with a file more room and time than others have; fasthttp asks before it reads the body.
func (s *Server) patience(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	uri := string(h.RequestURI())
	switch {
	case s.d.Evidence == nil || !strings.HasPrefix(uri, evidencePrefix):
		return fasthttp.RequestConfig{}
	case strings.HasPrefix(uri, uploadsPath+"/"):
		return fasthttp.RequestConfig{MaxRequestBodySize: max(s.o.BodyLimit, int(s.d.Evidence.Limits().PartBytes)+partHeadroom), ReadTimeout: uploadRead}
	}
	return fasthttp.RequestConfig{WriteTimeout: downloadWrite}
}

func (s *Server) routesUploads() {
	s.app.Options(uploadsPath, s.uploadOptions)
	s.app.Options(uploadsPath+"/:id", s.uploadOptions)
	s.app.Post(uploadsPath, s.tus(s.createUpload))
	one := map[string]fiber.Handler{fiber.MethodHead: s.tus(s.headUpload), fiber.MethodPatch: s.tus(s.patchUpload), fiber.MethodDelete: s.tus(s.deleteUpload)}
	for method, handler := range one {
		s.app.Add(method, uploadsPath+"/:id", handler)
	}
	// For proxies that let only GET and POST through.
	s.app.Post(uploadsPath+"/:id", func(c *fiber.Ctx) error {
		if h := one[strings.ToUpper(c.Get(methodOverrides))]; h != nil {
			return h(c)
		}
		return fiber.NewError(fiber.StatusMethodNotAllowed, "this address does not take POST")
	})
}

func (s *Server) uploadOptions(c *fiber.Ctx) error {
	if s.d.Evidence == nil {
		return errNotWired
	}
	l := s.d.Evidence.Limits()
	c.Set(headerTus, tusVersion)
	c.Set("Tus-Version", tusVersion)
	c.Set("Tus-Extension", tusExtensions)
	c.Set("Tus-Max-Size", strconv.FormatInt(max(l.PhotoBytes, l.VideoBytes), 10))
	c.Set("Tus-Checksum-Algorithm", tusSums)
	return c.SendStatus(http.StatusNoContent)
}

// uploader is who sends a file: a person by their session, or a station by its token.
type uploader struct {
	principal string
	who       *caller
	station   *auth.Station
}

type uploadVerb func(ctx context.Context, c *fiber.Ctx, by uploader) error

// tus stands before every verb of the protocol: its version, then who calls.
func (s *Server) tus(verb uploadVerb) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if s.d.Evidence == nil {
			return errNotWired
		}
		c.Set(headerTus, tusVersion)
		if c.Get(headerTus) != tusVersion {
			c.Set("Tus-Version", tusVersion)
			return tusProblem(http.StatusPreconditionFailed, "tus_version", "this server speaks tus "+tusVersion+": send Tus-Resumable")
		}
		by, err := s.uploader(c)
		if err != nil {
			return err
		}
		// Making one file of many parts takes as long as it takes; the usual time of a request is for less.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), uploadWithin)
		defer cancel()
		return verb(ctx, c, by)
	}
}

func tusProblem(status int, code, detail string) *Problem {
	title := http.StatusText(status)
	if title == "" {
		title = "Checksum Mismatch"
	}
	return &Problem{Type: "about:blank", Title: title, Status: status, Code: code, Detail: detail}
}

func (s *Server) uploader(c *fiber.Ctx) (uploader, error) {
	if token, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer "); ok {
		st, err := s.auth.Station(c.UserContext(), token)
		return uploader{principal: fmt.Sprint("station/", st.ID), station: &st}, err
	}
	if err := s.sameSite(c); err != nil {
		return uploader{}, err
	}
	who, err := s.identify(c.UserContext(), c.Cookies(cookieName), addsEvidence)
	if err == nil && c.Method() != fiber.MethodHead {
		err = who.CheckCSRF(c.Get(headerCSRF))
	}
	if err != nil {
		return uploader{}, err
	}
	return uploader{principal: fmt.Sprint("user/", who.User), who: &who}, nil
}

func (s *Server) createUpload(ctx context.Context, c *fiber.Ctx, by uploader) error {
	length, err := strconv.ParseInt(c.Get(headerLength), 10, 64)
	if err != nil || length < 0 {
		return fault.New(fault.Invalid, "upload_length", "Upload-Length says how many bytes the file has")
	}
	if len(c.Body()) > 0 {
		return fault.New(fault.Invalid, "upload_body", "an upload is begun without a body; the parts follow by PATCH")
	}
	metadata := c.Get(headerMetadata)
	pairs, err := parseMetadata(metadata)
	if err != nil {
		return err
	}
	a, err := parseAbout(pairs)
	if err != nil {
		return err
	}
	if err := s.place(ctx, by, &a); err != nil {
		return err
	}
	u, err := s.d.Evidence.Begin(ctx, by.principal, a.facts, length, metadata)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, uploadsPath+"/"+u.ID)
	c.Set(headerOffset, "0")
	return c.SendStatus(http.StatusCreated)
}

// place says where the evidence was taken, and that the caller may add to it: a station at its own bench for its own scans, a person within the grants.
func (s *Server) place(ctx context.Context, by uploader, a *about) error {
	f := &a.facts
	if by.station != nil {
		if a.parcel != "" || a.unit != "" || a.bench != "" || f.Producer == "" {
			return badMetadata("producer", "of a station names the scan that the picture was taken for, and nothing else")
		}
		f.Warehouse, f.Bench, f.Station = by.station.Warehouse, by.station.Bench, by.station.ID
		return nil
	}
	f.By = by.who.User
	var err error
	switch {
	case a.unit != "":
		if f.Warehouse, _, _, err = s.report.UnitAt(ctx, by.who.Scope, strings.ToUpper(a.unit)); err == nil {
			f.Unit, f.Parcel, err = s.d.Evidence.Piece(ctx, a.unit)
		}
	case a.parcel != "":
		if f.Parcel, err = s.report.ParcelAt(ctx, by.who.Scope, a.parcel); err == nil {
			f.Warehouse, err = s.d.Evidence.WarehouseOf(ctx, f.Parcel)
		}
	case a.bench != "":
		err = s.atBench(ctx, by, a)
	default:
		err = badMetadata("parcel", "says what the picture shows: unit, parcel, or bench with the scan")
	}
	return err
}

// atBench is for the page of a bench without an agent: whoever is logged in there may work at every owner's goods of the warehouse.
func (s *Server) atBench(ctx context.Context, by uploader, a *about) error {
	b, err := s.report.BenchNamed(ctx, by.who.Scope, a.bench)
	if err != nil {
		return err
	}
	if !by.who.MayWorkAt(b.WarehouseID) {
		return fault.New(fault.NotFound, "bench_not_found", "there is no bench %s", a.bench)
	}
	if a.facts.Producer == "" {
		return badMetadata("producer", "names the scan that the picture was taken for")
	}
	a.facts.Warehouse, a.facts.Bench = b.WarehouseID, b.ID
	return nil
}

func (s *Server) headUpload(ctx context.Context, c *fiber.Ctx, by uploader) error {
	u, err := s.d.Evidence.Find(ctx, by.principal, c.Params("id"))
	if err != nil {
		return err
	}
	s.tellUpload(c, u)
	c.Set(headerLength, strconv.FormatInt(u.Length, 10))
	if u.Metadata != "" {
		c.Set(headerMetadata, u.Metadata)
	}
	return c.SendStatus(http.StatusOK)
}

func (s *Server) tellUpload(c *fiber.Ctx, u evidence.Upload) {
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(headerOffset, strconv.FormatInt(u.Received, 10))
	if e, ok := u.Of(); ok {
		c.Set(headerEvidence, evidence.Number(e))
	}
}

func (s *Server) patchUpload(ctx context.Context, c *fiber.Ctx, by uploader) error {
	if kind, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";"); strings.TrimSpace(kind) != offsetType {
		return tusProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "a part is sent as "+offsetType)
	}
	offset, err := strconv.ParseInt(c.Get(headerOffset), 10, 64)
	if err != nil || offset < 0 {
		return fault.New(fault.Invalid, "upload_offset_missing", "Upload-Offset says where the part begins")
	}
	body := c.Body()
	if int64(len(body)) > s.d.Evidence.Limits().PartBytes {
		return fault.New(fault.TooLarge, "evidence_too_large", "a part has at most %d bytes", s.d.Evidence.Limits().PartBytes).With("most", strconv.FormatInt(s.d.Evidence.Limits().PartBytes, 10))
	}
	if err := checkSum(c.Get(headerSum), body); err != nil {
		return err
	}
	u, err := s.d.Evidence.Append(ctx, by.principal, c.Params("id"), offset, body)
	if err != nil {
		return err
	}
	s.tellUpload(c, u)
	return c.SendStatus(http.StatusNoContent)
}

// checkSum compares a part with Upload-Checksum, "sha1 base64", if there is one.
func checkSum(header string, body []byte) error {
	if header == "" {
		return nil
	}
	name, value, _ := strings.Cut(header, " ")
	sums := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New}
	want, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
	if sums[name] == nil || err != nil {
		return fault.New(fault.Invalid, "upload_checksum", "Upload-Checksum is one of %s and the sum in base64", tusSums)
	}
	h := sums[name]()
	h.Write(body)
	if !bytes.Equal(h.Sum(nil), want) {
		return tusProblem(statusBadSum, "upload_checksum_mismatch", "the part was damaged on its way: send it again")
	}
	return nil
}

func (s *Server) deleteUpload(ctx context.Context, c *fiber.Ctx, by uploader) error {
	if err := s.d.Evidence.Abort(ctx, by.principal, c.Params("id")); err != nil {
		return err
	}
	return c.SendStatus(http.StatusNoContent)
}
