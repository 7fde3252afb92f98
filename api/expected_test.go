package api_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/expected"
	"github.com/backdock/backdock/scanner/wire"
)

// ask fetches a page of the feed as a station would.
func (r *running) ask(token, after string, headers ...header) (*http.Response, []byte) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+wire.ExpectedPath+"?after="+after, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Accept-Encoding", "identity")
	for _, h := range headers {
		req.Header.Set(h[0], h[1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var in io.Reader = res.Body
	if res.Header.Get("Content-Encoding") == "gzip" {
		if in, err = gzip.NewReader(res.Body); err != nil {
			r.t.Fatal(err)
		}
	}
	b, err := io.ReadAll(in)
	if err != nil {
		r.t.Fatal(err)
	}
	return res, b
}

// A station gets what its own warehouse awaits, in sums of its own token; nobody else gets anything.
func TestExpectedFeed(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.serve(func(p *api.Deps) { p.Expected = expected.New(d, clock.System{}) })
		s.exec("UPDATE cases SET goods = 'in_transit'")
		for n := 100; n < 400; n++ { // enough to be worth compressing
			s.exec(`INSERT INTO waybill_aliases (number, role, case_id, valid_from, source) VALUES (?, 'return', 11, ?, 'import')`, fmt.Sprint("SF", n), clock.System{}.Now())
		}
		token, _ := s.enrol(1)
		other, gone := s.enrol(2)
		for what, bad := range map[string]string{"no token": "", "a session's": "0123456789abcdef", "a wrong one": wrong(token)} {
			if res, b := r.ask(bad, ""); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", what, res.StatusCode, b)
			}
		}
		res, plain := r.ask(token, "")
		page, err := wire.DecodeExpected(plain)
		if err != nil || res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/octet-stream" || res.Header.Get("Cache-Control") != "no-store" || !page.Begin {
			t.Fatalf("%d %v, %v", res.StatusCode, res.Header, err)
		}
		if len(page.Returns) != 2 { // of two owners, both at HZ1
			t.Fatalf("%d returns: %+v", len(page.Returns), page.Returns)
		}
		small, packed := r.ask(token, "", header{"Accept-Encoding", "gzip"})
		if small.Header.Get("Content-Encoding") != "gzip" || string(packed) != string(plain) {
			t.Errorf("compressed: %v, %d bytes instead of %d", small.Header, len(packed), len(plain))
		}
		if _, b := r.ask(other, ""); string(b) == string(plain) {
			t.Error("two stations get the same sums")
		}
		cursor := page.Cursor
		for !page.Complete {
			if _, plain = r.ask(token, cursor); true {
				if page, err = wire.DecodeExpected(plain); err != nil {
					t.Fatal(err)
				}
				cursor = page.Cursor
			}
		}
		tag := header{"If-None-Match", `"` + cursor + `"`}
		if res, b := r.ask(token, cursor, tag); res.StatusCode != http.StatusNotModified || len(b) > 0 || res.Header.Get("ETag") != tag[1] {
			t.Errorf("nothing new: %d %v %q", res.StatusCode, res.Header, b)
		}
		s.exec("UPDATE cases SET goods = 'received' WHERE id = 11")
		res, b := r.ask(token, cursor, tag)
		if page, err = wire.DecodeExpected(b); err != nil || res.StatusCode != 200 || page.Begin || len(page.Gone) != 1 {
			t.Errorf("a change: %d %+v, %v", res.StatusCode, page, err)
		}
		if err := s.auth.RevokeStation(t.Context(), gone, 1); err != nil {
			t.Fatal(err)
		}
		if res, _ := r.ask(other, ""); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("revoked: %d", res.StatusCode)
		}
		bare := s.serve()
		if res, _ := bare.ask(token, ""); res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("not wired: %d", res.StatusCode)
		}
		if a := r.nobody().do("POST", "/"+wire.ExpectedPath, nil); a.status != http.StatusMethodNotAllowed {
			t.Errorf("POST: %d", a.status)
		}
	})
}

// wrong changes one digit.
func wrong(token string) string {
	if token[0] == '0' {
		return "1" + token[1:]
	}
	return "0" + token[1:]
}
