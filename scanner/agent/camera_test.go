//go:build linux

package agent

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner/wire"
)

// The page's pictures go to the server with the station's token, and nothing else does: not another site's, not without the page's cookie, not to another path.
func TestThePagesPicturesGoThroughTheAgent(t *testing.T) {
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(r.Context())
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("Location", wire.UploadsPath+"0123")
		w.Header().Set("Set-Cookie", "x=y")
		w.WriteHeader(http.StatusCreated)
	}))
	p := &page{agent: &Agent{Config: Config{Server: server.URL + "/", Token: "station-token"}}, host: "127.0.0.1:7070", port: "7070", token: "page-token"}
	mux := http.NewServeMux()
	p.cameraRoutes(mux)
	h := p.guard(mux)
	call := func(method, path, cookie string, change func(*http.Request)) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "http://127.0.0.1:7070"+path, strings.NewReader("part"))
		r.Header.Set("Origin", "http://127.0.0.1:7070")
		r.Header.Set("Tus-Resumable", "1.0.0")
		r.AddCookie(&http.Cookie{Name: PageCookie, Value: cookie})
		if change != nil {
			change(r)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := call("PATCH", wire.UploadsPath+"0123", "page-token", nil)
	if w.Code != http.StatusCreated || w.Header().Get("Location") != wire.UploadsPath+"0123" || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if got == nil || got.Method != "PATCH" || got.URL.Path != wire.UploadsPath+"0123" || got.Header.Get("Authorization") != "Bearer station-token" || got.Header.Get("Cookie") != "" || got.Header.Get("Origin") != "" ||
		got.Header.Get("Tus-Resumable") != "1.0.0" || string(body) != "part" {
		t.Errorf("%+v %q", got, body)
	}
	got = nil
	for what, w := range map[string]*httptest.ResponseRecorder{
		"another cookie": call("POST", strings.TrimSuffix(wire.UploadsPath, "/"), "guess", nil),
		"another site":   call("POST", strings.TrimSuffix(wire.UploadsPath, "/"), "page-token", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }),
		"no browser":     call("POST", strings.TrimSuffix(wire.UploadsPath, "/"), "page-token", func(r *http.Request) { r.Header.Del("Origin") }),
		"another path":   call("GET", "/api/v1/users", "page-token", nil),
		"a way round":    call("PATCH", wire.UploadsPath+"..%2f..%2fusers/x", "page-token", nil),
	} {
		if w.Code < 400 || got != nil {
			t.Errorf("%s: %d, reached the server: %v", what, w.Code, got != nil)
		}
	}
	server.Close()
	if w := call("POST", strings.TrimSuffix(wire.UploadsPath, "/"), "page-token", nil); w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "server_away") {
		t.Errorf("with the server away: %d %s", w.Code, w.Body)
	}
	p.camera.CloseIdleConnections()
}
