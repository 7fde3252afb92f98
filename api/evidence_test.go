package api_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
)

func still(w, h int) []byte {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w {
		m.Set(i, i%h, color.RGBA{byte(i), byte(i / 3), 90, 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func metadata(pairs ...string) header {
	out := make([]string, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, pairs[i]+" "+base64.StdEncoding.EncodeToString([]byte(pairs[i+1])))
	}
	return header{"Upload-Metadata", strings.Join(out, ",")}
}

var (
	tus     = header{"Tus-Resumable", "1.0.0"}
	partful = header{"Content-Type", "application/offset+octet-stream"}
	shot    = []string{"kind", "photo", "captured_at", "2026-11-23T02:00:00.5Z"}
)

func about(more ...string) header { return metadata(append(append([]string{}, shot...), more...)...) }

// add uploads a photo of a parcel and returns its number.
func (p *person) add(parcel string, b []byte) string {
	p.r.t.Helper()
	a := p.do("POST", "/evidence/uploads", nil, tus, header{"Upload-Length", strconv.Itoa(len(b))}, about("parcel", parcel))
	if a.status != http.StatusCreated {
		p.r.t.Fatalf("%d %s", a.status, a.body)
	}
	a = p.do("PATCH", "/"+a.header.Get("Location"), b, tus, partful, header{"Upload-Offset", "0"})
	if a.status != http.StatusNoContent || a.header.Get("Backdock-Evidence") == "" {
		p.r.t.Fatalf("%d %s", a.status, a.body)
	}
	return a.header.Get("Backdock-Evidence")
}

func TestUploadsSpeakTus(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.serve()
		p, b := r.login("clerk"), still(400, 300)
		want := func(what string, a answer, status int, code string) {
			t.Helper()
			if a.status != status || code != "" && a.code() != code {
				t.Errorf("%s: %d %s", what, a.status, a.body)
			}
		}
		a := p.do("OPTIONS", "/evidence/uploads", nil)
		if a.status != 204 || a.header.Get("Tus-Version") != "1.0.0" || a.header.Get("Tus-Extension") != "creation,checksum,termination" || a.header.Get("Tus-Checksum-Algorithm") != "sha1,sha256" || a.header.Get("Tus-Max-Size") == "" {
			t.Errorf("%d %v", a.status, a.header)
		}
		length := header{"Upload-Length", strconv.Itoa(len(b))}
		a = p.do("POST", "/evidence/uploads", nil, length, about("parcel", "P000011"))
		if want("no version", a, 412, "tus_version"); a.header.Get("Tus-Version") != "1.0.0" {
			t.Errorf("%v", a.header)
		}
		want("no length", p.do("POST", "/evidence/uploads", nil, tus, about("parcel", "P000011")), 422, "upload_length")
		want("too long", p.do("POST", "/evidence/uploads", nil, tus, header{"Upload-Length", "4000000"}, about("parcel", "P000011")), 413, "evidence_too_large")
		want("not base64", p.do("POST", "/evidence/uploads", nil, tus, length, header{"Upload-Metadata", "kind !!!"}), 422, "upload_metadata")
		want("of nothing", p.do("POST", "/evidence/uploads", nil, tus, length, about()), 422, "upload_metadata")
		want("of another warehouse", p.do("POST", "/evidence/uploads", nil, tus, length, about("parcel", "P000012")), 404, "parcel_not_found")
		want("another site", p.do("POST", "/evidence/uploads", nil, tus, length, about("parcel", "P000011"), header{"Origin", "https://evil.example"}), 403, "origin")
		want("nobody", r.nobody().do("POST", "/evidence/uploads", nil, tus, length, about("parcel", "P000011")), 401, "")
		want("a merchant", r.login("acme").do("POST", "/evidence/uploads", nil, tus, length, about("parcel", "P000011")), 403, "role_missing")
		thief := *p
		thief.csrf = "wrong"
		want("without its token", thief.do("POST", "/evidence/uploads", nil, tus, length, about("parcel", "P000011")), 403, "csrf")

		a = p.do("POST", "/evidence/uploads", nil, tus, length, about("parcel", "P000011", "filename", "../../x.jpg"))
		want("begin", a, 201, "")
		at := "/" + a.header.Get("Location")
		want("somebody else's", r.login("boss").do("HEAD", at, nil, tus), 404, "")
		offset := func(n int) header { return header{"Upload-Offset", strconv.Itoa(n)} }
		want("as JSON", p.do("PATCH", at, b[:100], tus, offset(0)), 415, "unsupported_media_type")
		want("no offset", p.do("PATCH", at, b[:100], tus, partful), 422, "upload_offset_missing")
		want("another offset", p.do("PATCH", at, b[:100], tus, partful, offset(5)), 409, "upload_offset")
		sum := sha1.Sum(b[:1000])
		good := header{"Upload-Checksum", "sha1 " + base64.StdEncoding.EncodeToString(sum[:])}
		want("damaged on its way", p.do("PATCH", at, b[1:1001], tus, partful, offset(0), good), 460, "upload_checksum_mismatch")
		want("unknown sum", p.do("PATCH", at, b[:1000], tus, partful, offset(0), header{"Upload-Checksum", "crc32 AAAA"}), 422, "upload_checksum")
		a = p.do("PATCH", at, b[:1000], tus, partful, offset(0), good)
		if want("first part", a, 204, ""); a.header.Get("Upload-Offset") != "1000" || a.header.Get("Tus-Resumable") != "1.0.0" {
			t.Errorf("%v", a.header)
		}
		a = p.do("HEAD", at, nil, tus)
		if a.status != 200 || a.header.Get("Upload-Offset") != "1000" || a.header.Get("Upload-Length") != strconv.Itoa(len(b)) || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Upload-Metadata") == "" {
			t.Errorf("%d %v", a.status, a.header)
		}
		want("the rest, through a proxy", p.do("POST", at, b[1000:], tus, partful, offset(1000), header{"X-HTTP-Method-Override", "PATCH"}), 204, "")
		a = p.do("POST", "/evidence/uploads", nil, tus, length, about("parcel", "P000011"))
		want("begin another", a, 201, "")
		at = "/" + a.header.Get("Location")
		want("end it", p.do("DELETE", at, nil, tus), 204, "")
		want("ended", p.do("HEAD", at, nil, tus), 404, "")
		want("a part that is too long", p.do("PATCH", at, make([]byte, 2<<20+1), tus, partful, offset(0)), 413, "evidence_too_large")
		want("other routes keep their limit", p.do("POST", "/auth/logout", make([]byte, 1<<20+1)), 413, "too_large")
	})
}

// A station sends pictures for its own scans, and for nothing else.
func TestAStationUploads(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.serve()
		token, _ := s.enrol(1)
		b := still(40, 30)
		send := func(h header) answer {
			return r.nobody().do("POST", "/evidence/uploads", nil, tus, header{"Authorization", "Bearer " + token}, header{"Upload-Length", strconv.Itoa(len(b))}, h)
		}
		if a := send(about("parcel", "P000011")); a.status != 422 || a.code() != "upload_metadata" {
			t.Errorf("of a parcel: %d %s", a.status, a.body)
		}
		s.exec("INSERT INTO producers (id, station_id, bench_id, created_at) SELECT ?, id, 2, created_at FROM stations LIMIT 1", strings.Repeat("ab", 16))
		if a := send(about("producer", strings.Repeat("ab", 16), "seq", "1")); a.status != 403 || a.code() != "upload_foreign" {
			t.Errorf("of another bench's scan: %d %s", a.status, a.body)
		}
		a := send(about("producer", strings.Repeat("cd", 16), "seq", "7"))
		if a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		a = r.nobody().do("PATCH", "/"+a.header.Get("Location"), b, tus, partful, header{"Authorization", "Bearer " + token}, header{"Upload-Offset", "0"})
		if a.status != 204 || !strings.HasPrefix(a.header.Get("Backdock-Evidence"), "E") {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

func TestEvidenceIsServedWithinGrants(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.serve()
		b := still(900, 600)
		clerk := r.login("clerk")
		number := clerk.add("P000011", b) // ACME's, in HZ1
		other := clerk.add("P000021", b)  // OTHER's, in HZ1; the same content
		path := "/evidence/" + number
		a := clerk.do("GET", path+"/content", nil)
		if a.status != 200 || !bytes.Equal(a.body, b) || a.header.Get("Content-Type") != "image/jpeg" || a.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(a.header.Get("Cache-Control"), "immutable") ||
			a.header.Get("Content-Disposition") != `inline; filename="`+number+`-photo.jpg"` || !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%d %v, %d bytes", a.status, a.header, len(a.body))
		}
		tag := a.header.Get("ETag")
		for _, c := range []struct {
			ask, want string
			status    int
			body      []byte
		}{{"bytes=0-9", fmt.Sprintf("bytes 0-9/%d", len(b)), 206, b[:10]}, {"bytes=-5", fmt.Sprintf("bytes %d-%d/%d", len(b)-5, len(b)-1, len(b)), 206, b[len(b)-5:]},
			{fmt.Sprintf("bytes=%d-", len(b)-3), fmt.Sprintf("bytes %d-%d/%d", len(b)-3, len(b)-1, len(b)), 206, b[len(b)-3:]}, {"bytes=0-1,5-6", "", 200, b}, {"lines=1-2", "", 200, b}} {
			if a := clerk.do("GET", path+"/content", nil, header{"Range", c.ask}); a.status != c.status || a.header.Get("Content-Range") != c.want || !bytes.Equal(a.body, c.body) {
				t.Errorf("%s: %d %q, %d bytes", c.ask, a.status, a.header.Get("Content-Range"), len(a.body))
			}
		}
		if a := clerk.do("GET", path+"/content", nil, header{"Range", fmt.Sprintf("bytes=%d-", len(b)+5)}); a.status != 416 || a.code() != "range_invalid" {
			t.Errorf("past the end: %d", a.status)
		}
		if a := clerk.do("GET", path+"/content", nil, header{"Range", "bytes=0-9"}, header{"If-Range", `"other"`}); a.status != 200 {
			t.Errorf("of another version: %d", a.status)
		}
		if a := clerk.do("GET", path+"/content", nil, header{"If-None-Match", tag}); a.status != 304 || len(a.body) > 0 {
			t.Errorf("known already: %d", a.status)
		}
		if a := clerk.do("HEAD", path+"/content", nil); a.status != 200 || a.header.Get("Content-Length") != strconv.Itoa(len(b)) {
			t.Errorf("HEAD: %d %v", a.status, a.header)
		}
		for range 2 { // made, then found
			a = clerk.do("GET", path+"/thumbnail", nil)
			if m, err := jpeg.DecodeConfig(bytes.NewReader(a.body)); err != nil || m.Width != 320 || m.Height != 213 {
				t.Errorf("thumbnail: %d %+v %v", a.status, m, err)
			}
		}
		acme := r.login("acme")
		for who, allowed := range map[*person]map[string]bool{clerk: {number: true, other: true}, acme: {number: true}, r.login("sz"): {}, r.login("boss"): {number: true, other: true}} {
			for _, n := range []string{number, other} {
				for _, what := range []string{"/content", "/thumbnail", "/chapters.vtt"} {
					if a := who.do("GET", "/evidence/"+n+what, nil); (a.status == 200) != allowed[n] || a.status != 200 && a.code() != "evidence_not_found" {
						t.Errorf("%s%s: %d", n, what, a.status)
					}
				}
			}
		}
		if a := r.nobody().do("GET", path+"/content", nil); a.status != 401 {
			t.Errorf("nobody: %d", a.status)
		}
		var l api.EvidenceList
		acme.do("GET", "/units/"+plate(11)+"/evidence", nil).into(&l)
		if len(l.Items) != 1 || l.Items[0].Number != number || len(l.Items[0].SHA256) != 64 || l.Items[0].By != "clerk" {
			t.Errorf("%+v", l)
		}
		if a := clerk.do("GET", "/evidence/"+hex.EncodeToString([]byte("sixteen bytes is"))+"/content", nil); a.status != 404 {
			t.Errorf("by a hash: %d", a.status)
		}
		// What was purged is told of and not there.
		s.exec("UPDATE evidence SET purged_at = ?", clock.Stamp(time.Now()))
		if a := clerk.do("GET", path+"/content", nil); a.status != 404 || a.code() != "evidence_purged" {
			t.Errorf("purged: %d %s", a.status, a.body)
		}
		l = api.EvidenceList{}
		clerk.do("GET", "/parcels/P000011/evidence", nil).into(&l)
		if len(l.Items) != 1 || l.Items[0].Content != "" || l.Items[0].PurgedAt == nil {
			t.Errorf("%+v", l)
		}
	})
}

func TestEvidenceHoldsAndPolicies(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.serve()
		manager, claims := r.login("boss"), r.login("claims")
		a := claims.do("POST", "/evidence/holds", map[string]string{"case": "C11", "reason": "dispute 4711"}, header{"Idempotency-Key", "once"})
		var h api.HoldRow
		if a.into(&h); a.status != 200 || h.On != "case" || h.Reason != "dispute 4711" {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if again := claims.do("POST", "/evidence/holds", map[string]string{"case": "C11", "reason": "dispute 4711"}, header{"Idempotency-Key", "once"}); string(again.body) != string(a.body) {
			t.Errorf("a second press: %s", again.body)
		}
		var l api.EvidenceList
		if claims.do("GET", "/parcels/P000011/evidence", nil).into(&l); len(l.Holds) != 1 || l.Holds[0].ID != h.ID {
			t.Errorf("%+v", l)
		}
		for what, c := range map[string]struct {
			a    answer
			code string
		}{
			"both":                 {claims.do("POST", "/evidence/holds", map[string]string{"case": "C11", "parcel": "P000011", "reason": "x"}), "hold_of"},
			"of another warehouse": {claims.do("POST", "/evidence/holds", map[string]string{"parcel": "P000012", "reason": "x"}), "parcel_not_found"},
			"released from afar":   {r.login("sz").do("POST", fmt.Sprintf("/evidence/holds/%d/release", h.ID), map[string]string{"reason": "x"}), "hold_not_found"},
			"a clerk":              {r.login("clerk").do("POST", "/evidence/holds", map[string]string{"parcel": "P000011", "reason": "x"}), "role_missing"},
			"no such owner":        {manager.do("GET", "/evidence/policies/NOBODY", nil), "owner_not_found"},
			"no days":              {manager.do("PUT", "/evidence/policies/ACME", map[string]any{"empty_photo": true, "keep_days": map[string]int{"photo": 0}}), "retention_days"},
			"of every warehouse":   {r.login("manager").do("GET", "/evidence/policies/ACME", nil), "policy_denied"},
			"a clerk's policy":     {r.login("clerk").do("GET", "/evidence/policies/ACME", nil), "role_missing"},
		} {
			if c.a.status < 400 || c.a.code() != c.code {
				t.Errorf("%s: %d %s", what, c.a.status, c.a.body)
			}
		}
		if a := manager.do("POST", fmt.Sprintf("/evidence/holds/%d/release", h.ID), map[string]string{"reason": "won"}); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
		var p api.EvidencePolicy
		manager.do("PUT", "/evidence/policies/ACME", map[string]any{"empty_photo": false, "keep_days": map[string]int{"video": 30}}).into(&p)
		if p.EmptyPhoto || p.KeepDays["video"] != 30 || p.KeepDays["photo"] != 365 {
			t.Errorf("%+v", p)
		}
		p = api.EvidencePolicy{}
		if manager.do("GET", "/evidence/policies/OTHER", nil).into(&p); !p.EmptyPhoto || p.KeepDays["video"] != 90 {
			t.Errorf("of another owner: %+v", p)
		}
	})
}
