package agent

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/backdock/backdock/scanner/wire"
)

// cameraTimeout bounds the server's answer to one part of an upload: it may have to make one file of many parts.
const cameraTimeout = 3 * time.Minute

// cameraRoutes carry the photos and videos of the page to the server, under the server's own paths. The page has no log-in, and the station's token must not become the
// page's: the agent puts it on, and only on uploads.
func (p *page) cameraRoutes(mux *http.ServeMux) {
	server, err := url.Parse(p.agent.Server)
	if err != nil || server.Host == "" {
		return // the uplink says what is wrong with the address
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = cameraTimeout
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(server)
			// What the browser knows of itself stays here: the page's cookie, where it comes from.
			for _, name := range []string{"Cookie", "Origin", "Referer"} {
				r.Out.Header.Del(name)
			}
			r.Out.Header.Set("Authorization", "Bearer "+p.agent.Token)
		},
		ModifyResponse: func(res *http.Response) error {
			// The agent's own policy holds for what the page gets.
			for _, name := range []string{"Content-Security-Policy", "Set-Cookie"} {
				res.Header.Del(name)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			problem(w, http.StatusBadGateway, "server_away", "the server does not answer; the picture is safe here and goes later")
		},
	}
	p.camera = transport
	serve := p.withCookie(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") == "" && r.Method != http.MethodHead {
			problem(w, http.StatusForbidden, "origin_refused", "a browser names the page it comes from")
			return
		}
		proxy.ServeHTTP(w, r)
	})
	// Each method by its name: one that takes all of them would quarrel with the page's own GET /.
	for _, method := range []string{http.MethodPost, http.MethodHead, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
		for _, path := range []string{strings.TrimSuffix(wire.UploadsPath, "/"), wire.UploadsPath + "{id}"} {
			mux.HandleFunc(method+" "+path, serve)
		}
	}
}
