package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/internal/testkit"
)

// shop is a real server that is killed, and a person with a photo.
type shop struct {
	t    *testing.T
	url  string
	dir  string
	host string
	cmd  *exec.Cmd
	http *http.Client
	csrf string
}

func (s *shop) start(point string) {
	s.t.Helper()
	s.cmd = exec.Command(filepath.Join(binaries(s.t), "backdock"), "serve", "--data", s.dir, "--database", s.url, "--listen", s.host, "--log-level", "error")
	s.cmd.Env = os.Environ()
	if point != "" {
		s.cmd.Env = append(s.cmd.Env, killpoint.Env+"="+point+":1")
	}
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for range 600 {
		if res, err := http.Get("http://" + s.host + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatal("the server does not come up")
}

func (s *shop) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// do sends a request; a server that died under it is an error.
func (s *shop) do(method, path string, body []byte, headers ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.host+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	req.Header.Set("X-CSRF-Token", s.csrf)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return s.http.Do(req)
}

func (s *shop) login() {
	res, err := s.do("POST", "/api/v1/auth/login", []byte(`{"username":"wang","password":"correct horse battery"}`), "Content-Type", "application/json")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var me struct{ CSRF string }
	if err := json.NewDecoder(res.Body).Decode(&me); err != nil || me.CSRF == "" {
		s.t.Fatalf("log in: %d %v", res.StatusCode, err)
	}
	s.csrf = me.CSRF
}

// A server that is killed at any moment of an upload takes it up again where it was: the photo is there once, whole, or not at all.
func TestEvidenceSurvivesKills(t *testing.T) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			s := newShop(t, testkit.URL(t, dialect))
			s.start("")
			s.login()
			s.kill()
			points := []string{""} // between two parts, from outside
			for _, p := range killpoint.Names {
				if strings.HasPrefix(p, "evidence.") && p != "evidence.doomed" && p != "evidence.removed" { // those are in receiving/evidence
					points = append(points, p)
				}
			}
			if len(points) < 6 {
				t.Fatalf("only %v", points)
			}
			for n, point := range points {
				s.photo(n, point)
			}
			s.start("")
			defer s.kill()
			got := s.list()
			if len(got) != len(points) {
				t.Errorf("%d photos, want %d", len(got), len(points))
			}
			for n := range points {
				s.holds(got, picture(n))
			}
			var out bytes.Buffer
			if code := Main(t.Context(), []string{"audit", "--evidence", "--data", s.dir, "--database", s.url}, &out, &out); code != 0 || !strings.Contains(out.String(), fmt.Sprintf("(%d read)", len(points))) {
				t.Errorf("audit: %d\n%s", code, out.String())
			}
			// One byte turned on the disk is found.
			spoil(t, filepath.Join(s.dir, "evidence", "blob"))
			out.Reset()
			if code := Main(t.Context(), []string{"audit", "--evidence", "--data", s.dir, "--database", s.url}, &out, &out); code != 1 || !strings.Contains(out.String(), "breach of evidence_files: file ") {
				t.Errorf("audit of a spoiled file: %d\n%s", code, out.String())
			}
		})
	}
}

// picture makes a PNG, another one for each n.
func picture(n int) []byte {
	m := image.NewGray(image.Rect(0, 0, 120, 90))
	for i := range m.Pix {
		m.Pix[i] = byte(i * (n + 3))
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func newShop(t *testing.T, url string) *shop {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, url: url, dir: t.TempDir(), host: l.Addr().String(), http: &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(filepath.Join(binaries(t), "backdock"), append(args, "--data", s.dir, "--database", url)...)

		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	run("migrate")
	d, err := db.Open(t.Context(), url, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.InTx(t.Context(), func(tx *gorm.DB) error {
		for _, sql := range []string{"INSERT INTO owners (code, name) VALUES ('QY', '轻羽')", "INSERT INTO warehouses (code, name, time_zone) VALUES ('HZ1', '仓', 'Asia/Shanghai')",
			"INSERT INTO parcels (warehouse_id, owner_id, kind, state, created_at) SELECT w.id, o.id, 'customer_return', 'closed', '2026-11-01 00:00:00+00:00' FROM warehouses w, owners o",
			"INSERT INTO events (type, subject, version, at, data) VALUES ('backdock.parcel.closed.v1', 'parcel/P000001', 1, '2026-11-01 00:00:00+00:00', '{}')",
			"INSERT INTO event_order (seq, event_id) SELECT 1, id FROM events"} {
			if err := tx.Exec(sql).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	run("user", "add", "wang", "--password", "correct horse battery", "--grant", "manager")
	return s
}

// photo uploads one photo in three parts to a server that dies at a point, and again to one that lives.
func (s *shop) photo(n int, point string) {
	s.t.Helper()
	b := picture(n)
	sum := sha256.Sum256(b)
	s.start(point)
	text := base64.StdEncoding.EncodeToString
	meta := "kind " + text([]byte("photo")) + ",parcel " + text([]byte("P000001")) + ",captured_at " + text([]byte("2026-11-23T02:00:00Z")) + ",sha256 " + text([]byte(hex.EncodeToString(sum[:])))
	res, err := s.do("POST", "/api/v1/evidence/uploads", nil, "Upload-Length", strconv.Itoa(len(b)), "Upload-Metadata", meta)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	at := res.Header.Get("Location")
	if res.StatusCode != http.StatusCreated || at == "" {
		s.t.Fatalf("begin: %d", res.StatusCode)
	}
	died := s.push(at, b, point == "")
	if point != "" && !died {
		s.t.Errorf("%s was never hit", point)
	}
	s.kill()
	s.start("")
	if s.push(at, b, false) {
		s.t.Error("it died without a reason")
	}
	res, err = s.do("HEAD", at, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	if res.Header.Get("Upload-Offset") != strconv.Itoa(len(b)) || !strings.HasPrefix(res.Header.Get("Backdock-Evidence"), "E") {
		s.t.Errorf("after %q: %d %v", point, res.StatusCode, res.Header)
	}
	s.kill()
}

// push sends what is missing, in parts; true says that the server died. half stops after the first part.
func (s *shop) push(at string, b []byte, half bool) bool {
	res, err := s.do("HEAD", at, nil)
	if err != nil {
		return true
	}
	res.Body.Close()
	offset, err := strconv.Atoi(res.Header.Get("Upload-Offset"))
	if err != nil {
		s.t.Fatalf("HEAD: %d %v", res.StatusCode, res.Header)
	}
	for offset < len(b) {
		end := min(offset+len(b)/3+1, len(b))
		res, err := s.do("PATCH", at, b[offset:end], "Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
		if err != nil {
			return true
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNoContent {
			s.t.Fatalf("PATCH at %d: %d", offset, res.StatusCode)
		}
		if offset = end; half {
			return false
		}
	}
	return false
}

type shown struct {
	Number, SHA256, Content string
}

func (s *shop) list() []shown {
	res, err := s.do("GET", "/api/v1/parcels/P000001/evidence", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var l struct{ Items []shown }
	if err := json.NewDecoder(res.Body).Decode(&l); err != nil {
		s.t.Fatal(err)
	}
	return l.Items
}

// holds checks that a photo is among them, whole.
func (s *shop) holds(all []shown, b []byte) {
	s.t.Helper()
	sum := sha256.Sum256(b)
	for _, e := range all {
		if e.SHA256 != hex.EncodeToString(sum[:]) {
			continue
		}
		res, err := s.do("GET", e.Content, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		defer res.Body.Close()
		if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, b) {
			s.t.Errorf("%s: %d bytes of %d, %v", e.Number, len(got), len(b), err)
		}
		return
	}
	s.t.Errorf("a photo is missing among %v", all)
}

// spoil turns a byte in the first file of a folder.
func spoil(t *testing.T, dir string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*", "*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	b, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(found[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
}
