package blob_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/blob"
	"github.com/backdock/backdock/internal/sandbox/s3"
)

// store is what both kinds can do.
type store interface {
	Put(ctx context.Context, key string, r io.Reader, size int64) error
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, family string, fn func(blob.Info) error) error
}

func disk(t *testing.T) (*blob.Disk, string) {
	t.Helper()
	dir := t.TempDir()
	d, err := blob.NewDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d, dir
}

const region, key, secret = "cn-north-1", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

func bucket(t *testing.T) (*s3.Server, blob.S3Options) {
	t.Helper()
	s := s3.New(s3.Options{Bucket: "photos", Region: region, Key: key, Secret: secret, Now: time.Now})
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return s, blob.S3Options{Endpoint: strings.TrimPrefix(h.URL, "http://"), Insecure: true, Region: region, Bucket: "photos", Prefix: "back dock/", Key: key, Secret: secret}
}

func name(n int) string { return hex.EncodeToString(bytes.Repeat([]byte{byte(n)}, 32)) }

// One suite for every kind of store.
func exercise(t *testing.T, s store) {
	ctx := t.Context()
	content := make([]byte, 200_000) // several chunks on the wire
	if _, err := rand.Read(content); err != nil {
		t.Fatal(err)
	}
	read := func(key string) []byte {
		t.Helper()
		r, err := s.Open(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	keys := []string{}
	for n := range 5 {
		keys = append(keys, "blob/"+name(n))
		if err := s.Put(ctx, keys[n], bytes.NewReader(content[:len(content)-n]), int64(len(content)-n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Put(ctx, "part/"+name(9)[:32], bytes.NewReader(content[:1]), 1); err != nil {
		t.Fatal(err)
	}
	if got := read(keys[2]); !bytes.Equal(got, content[:len(content)-2]) {
		t.Errorf("read %d bytes", len(got))
	}
	r, err := s.Open(ctx, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	if end, err := r.Seek(0, io.SeekEnd); err != nil || end != int64(len(content)) {
		t.Errorf("%d %v", end, err)
	}
	some := make([]byte, 100)
	if _, err := r.Seek(150_000, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, some); err != nil || !bytes.Equal(some, content[150_000:150_100]) {
		t.Errorf("from the middle: %v", err)
	}
	r.Close()
	var listed []string
	if err := s.List(ctx, "blob", func(i blob.Info) error {
		if listed = append(listed, i.Key); i.Size < 199_000 || time.Since(i.Modified) > time.Hour {
			t.Errorf("%+v", i)
		}
		return nil
	}); err != nil || !slices.Equal(slices.Sorted(slices.Values(listed)), keys) {
		t.Errorf("%v %v", listed, err)
	}
	enough := errors.New("enough")
	if err := s.List(ctx, "blob", func(blob.Info) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("a listing that is broken off: %v", err)
	}
	// Shorter than announced: nothing becomes visible, and what was there stays.
	for _, k := range []string{keys[3], "blob/" + name(77)} {
		if err := s.Put(ctx, k, bytes.NewReader(content[:1000]), 2000); err == nil {
			t.Error("half a file was taken")
		}
	}
	if got := read(keys[3]); len(got) != len(content)-3 {
		t.Errorf("half a file took its place: %d bytes", len(got))
	}
	if _, err := s.Open(ctx, "blob/"+name(77)); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("half a file is there: %v", err)
	}
	for range 2 {
		if err := s.Delete(ctx, keys[1]); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Open(ctx, keys[1]); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
	for _, bad := range []string{"", "blob/", "blob/../../etc/passwd", "blob/" + strings.ToUpper(name(0xab)), "/blob/" + name(1), "blob/" + name(1) + "\n"} {
		if s.Put(ctx, bad, strings.NewReader("x"), 1) == nil || s.Delete(ctx, bad) == nil {
			t.Errorf("key %q was taken", bad)
		}
	}
}

func TestDisk(t *testing.T) {
	d, dir := disk(t)
	exercise(t, d)
	left, err := filepath.Glob(filepath.Join(dir, "tmp", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("half-written files are left: %v %v", left, err)
	}
	// A process that died while writing leaves a file that the next one removes when nobody can be writing it.
	old, young := filepath.Join(dir, "tmp", "put-1"), filepath.Join(dir, "tmp", "put-2")
	for _, p := range []string{old, young} {
		if err := os.WriteFile(p, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Now(), time.Now().Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := blob.NewDisk(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old one: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the young one: %v", err)
	}
}

func TestS3(t *testing.T) {
	server, o := bucket(t)
	s, err := blob.NewS3(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	exercise(t, s)
	for _, k := range server.Keys() {
		if !strings.HasPrefix(k, "back dock/blob/") && !strings.HasPrefix(k, "back dock/part/") {
			t.Errorf("an object outside the prefix: %s", k)
		}
	}
	// An overloaded store is asked again, with the same bytes.
	server.Busy(2)
	if err := s.Put(t.Context(), "blob/"+name(50), bytes.NewReader(make([]byte, 100_000)), 100_000); err != nil {
		t.Error(err)
	}
}

// The other end believes nothing: without this its agreement would prove nothing.
func TestS3RefusesWhatIsNotSigned(t *testing.T) {
	for what, c := range map[string]struct {
		change func(o *blob.S3Options)
		code   string
	}{
		"another secret": {func(o *blob.S3Options) { o.Secret = "guess" }, "SignatureDoesNotMatch"},
		"another key":    {func(o *blob.S3Options) { o.Key = "AKIDOTHER" }, "InvalidAccessKeyId"},
		"another region": {func(o *blob.S3Options) { o.Region = "us-east-1" }, "AuthorizationHeaderMalformed"},
	} {
		server, o := bucket(t)
		c.change(&o)
		if _, err := blob.NewS3(t.Context(), o); err == nil || server.Refused()[c.code] == 0 {
			t.Errorf("%s: %v, %v", what, err, server.Refused())
		}
	}
	for what, c := range map[string]struct {
		tamper func(r *http.Request)
		code   string
	}{
		"another object":      {func(r *http.Request) { r.URL.Path = strings.Replace(r.URL.Path, "blob/00", "blob/01", 1) }, "SignatureDoesNotMatch"},
		"another query":       {func(r *http.Request) { r.URL.RawQuery = "list-type=2" }, "SignatureDoesNotMatch"},
		"a header more":       {func(r *http.Request) { r.Header.Set("X-Amz-Meta-Owner", "me") }, "AuthorizationHeaderMalformed"},
		"a byte of the body":  {flip, "SignatureDoesNotMatch"},
		"no signature at all": {func(r *http.Request) { r.Header.Del("Authorization") }, "AccessDenied"},
		"an old request":      {func(r *http.Request) { r.Header.Set("X-Amz-Date", "20200101T000000Z") }, "AuthorizationHeaderMalformed"},
	} {
		server, o := bucket(t)
		on := false
		o.Transport = tampering(func(r *http.Request) {
			if on {
				c.tamper(r)
			}
		})
		s, err := blob.NewS3(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		on = true
		if err := s.Put(t.Context(), "blob/"+name(0), bytes.NewReader(make([]byte, 70_000)), 70_000); err == nil || server.Refused()[c.code] == 0 || len(server.Keys()) > 0 {
			t.Errorf("%s: %v, %v, %v", what, err, server.Refused(), server.Keys())
		}
	}
}

// tampering changes requests after they were signed.
type tampering func(r *http.Request)

func (f tampering) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return http.DefaultTransport.RoundTrip(r)
}

// flip changes a byte in the middle of a body.
func flip(r *http.Request) {
	if r.Body == nil {
		return
	}
	b, err := io.ReadAll(r.Body)
	if err != nil || len(b) < 1000 {
		return
	}
	b[len(b)/2] ^= 1
	r.Body = io.NopCloser(bytes.NewReader(b))
}
