package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
)

// spec is the part of the OpenAPI document that tests walk.
type spec struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		OperationID string           `json:"operationId"`
		Roles       []string         `json:"x-roles"`
		Responses   map[string]any   `json:"responses"`
		Security    []map[string]any `json:"security"`
		Parameters  []map[string]any `json:"parameters"`
		RequestBody *struct {
			Content map[string]struct{ Schema map[string]any }
		} `json:"requestBody"`
	} `json:"paths"`
}

func (r *running) spec() spec {
	r.t.Helper()
	var s spec
	a := r.nobody().do("GET", "//openapi.json", nil)
	a.into(&s)
	return s
}

// strays is what the numbers of parcels of unknown owner begin at.
const strays = 500

// things fills path parameters with ids of owner o's goods in warehouse w.
func things(path string, o, w, station int) string {
	n := o*10 + w
	path = strings.TrimPrefix(path, "/api/v1")
	for from, to := range map[string]string{"/units/{plate}": "/units/" + plate(n), "/parcels/{number}": fmt.Sprintf("/parcels/P%06d", n), "/unclaimed/{number}": fmt.Sprintf("/unclaimed/P%06d", strays+n),
		"/orders/{number}": fmt.Sprintf("/orders/O%d", n),
		"/cases/{number}":  fmt.Sprintf("/cases/C%d", n), "/refunds/{number}": fmt.Sprintf("/refunds/R%d", n), "{id}": fmt.Sprint(station), "{username}": "sz", "{owner}": "ACME", "{hold}": "1",
		"/scans/{producer}/{seq}": fmt.Sprintf("/scans/%s/1", journalOf(n))} {
		path = strings.ReplaceAll(path, from, to)
	}
	site := []string{"", "HZ1", "SZ1"}[w]
	path = strings.ReplaceAll(path, "{warehouse}", site)
	switch path {
	case "/reports/board", "/reports/unscanned", "/parcels/queue", "/handovers", "/places", "/second-looks", "/second-looks/quality", "/stock/counts":
		path += "?warehouse=" + site
	case "/reports/work", "/reports/work.csv":
		path += "?from=2026-11-20&to=2026-11-21&warehouse=" + site
	}
	return path
}

// bodies are well-formed requests, so that what is refused is refused for who asks.
var bodies = map[string]any{
	"record-checkpoints": map[string]any{"checkpoints": []any{map[string]any{"waybill": "SF1", "code": "delivered", "at": "2026-11-20T02:00:00Z"}}}, "set-dock-policy": map[string]any{"hours": 4, "opens_min": 0, "closes_min": 1440},
	"inspect-unit": map[string]any{"grade": "A", "disposition": "restock", "checks": map[string]bool{}, "note": "", "version": 1}, "undo-inspection": map[string]any{"reason": "x", "version": 1},
	"reopen-parcel": map[string]any{"reason": "x"}, "claim-parcel": map[string]any{"case": "C11"}, "rerun-scan": map[string]any{"reason": "x"}, "dismiss-scan": map[string]any{"reason": "x"}, "decide-case": map[string]any{"decision": "approved", "note": ""},
	"authorize-refund": map[string]any{"note": ""}, "hold-refund": map[string]any{"reason": "x"},
	"cancel-refund": map[string]any{"reason": "x"}, "pay-refund-by-hand": map[string]any{"proof": "x"}, "attribute-refund": map[string]any{"case": "C11"}, "create-station": map[string]any{"name": "x", "bench": "HZ1/3"},
	"hold-evidence": map[string]any{"parcel": "P000011", "reason": "x"}, "release-evidence": map[string]any{"reason": "x"}, "set-evidence-policy": map[string]any{"empty_photo": true, "keep_days": map[string]int{}},
	"create-plate-roll": map[string]any{"warehouse": "HZ1", "count": 1}, "set-bench-plates": map[string]any{"bench": "HZ1/3", "mode": "printed"},
	"claim-unclaimed": map[string]any{"case": "C11"}, "shelve-unclaimed": map[string]any{"shelf": "W-1"}, "note-unclaimed": map[string]any{"slip": "x"}, "ask-unclaimed": map[string]any{"note": "x"},
	"hand-back-unclaimed": map[string]any{"reason": "x"}, "sell-as-found-unclaimed": map[string]any{"reason": "x"}, "dispose-unclaimed": map[string]any{"reason": "x"},
	"adjust-stock": map[string]any{"warehouse": "HZ1", "owner": "ACME", "sku": "X", "account": "available", "quantity": 1, "reason": "found", "note": "x"}, "open-count": map[string]any{"warehouse": "HZ1"},
	"count-plates": map[string]any{"plates": []string{plate(1)}}, "recall-goods": map[string]any{"owner": "ACME", "sku": "X", "note": "x"}, "end-recall": map[string]any{"thaw": true},
	"reserve-stock":       map[string]any{"warehouse": "HZ1", "owner": "ACME", "sku": "X", "quantity": 1, "purpose": "exchange", "ref": "x", "expires_at": "2099-01-01T00:00:00Z"},
	"release-reservation": map[string]any{}, "take-reservation": map[string]any{"plates": []string{plate(1)}}, "block-unit": map[string]any{"reason": "disputed"}, "unblock-unit": map[string]any{"reason": "x"},
	"find-unit": map[string]any{"reason": "found", "note": "x", "version": 1}, "lose-unit": map[string]any{"reason": "lost", "note": "x", "version": 1}, "hand-unit-over": map[string]any{"version": 1},
	"return-from-repair": map[string]any{"note": "x", "version": 1}, "look-again": map[string]any{"grade": "A", "checks": map[string]bool{}}, "settle-second-look": map[string]any{"take": "waive", "reason": "x"},
	"open-bench-page": map[string]any{"bench": "HZ1/3", "page": strings.Repeat("ab", 32)},
	"create-user":     map[string]any{"username": "new.user", "display": "", "password": "long enough", "grants": []any{}}, "set-grants": map[string]any{"grants": []any{}},
	"set-password": map[string]any{"password": "long enough"}, "set-disabled": map[string]any{"disabled": true}, "set-language": map[string]any{"lang": "zh"},
}

// promised puts an open count and a reservation into a warehouse, both with the number n.
func (s *site) promised(w, n int) {
	s.t.Helper()
	at := clock.Stamp(time.Now())
	s.exec("INSERT INTO counts (id, warehouse_id, state, opened_by, opened_at) VALUES (?, ?, 'open', 1, ?)", n, w, at)
	s.exec("INSERT INTO movements (id, owner_id, warehouse_id, sku_id, from_account, to_account, quantity, cause, cause_ref, at) VALUES (?, 1, ?, 1, 'customer', 'available', 1, 'opening', 'x', ?)", 9000+n, w, at)
	s.exec("INSERT INTO reservations (id, owner_id, warehouse_id, sku_id, account, quantity, purpose, ref, state, movement_id, expires_at, at) VALUES (?, 1, ?, 1, 'available', 1, 'exchange', 'x', 'held', ?, ?, ?)", n, w, 9000+n, at.AddDate(1, 0, 0), at)
}

// Every route of the description: 401 without a session, 403 in every role it does not name, 403 without the CSRF token.
func TestEveryRouteAsksWho(t *testing.T) {
	s := newSite(t, testkit.Open(t, db.SQLite))
	r := s.serve()
	_, station := s.enrol(1)
	s.parked(station, 1, 1, "BD:DONE")
	s.orphan(strays+11, 1)
	s.promised(1, int(station))
	people := map[auth.Role]*person{}
	for _, role := range auth.Roles {
		people[role] = r.login(string(role))
	}
	open := map[string]bool{}
	routes := 0
	for path, methods := range r.spec().Paths {
		for method, op := range methods {
			routes++
			call := func(p *person) answer {
				return p.do(strings.ToUpper(method), things(path, 1, 1, int(station)), bodies[op.OperationID])
			}
			if len(op.Roles) == 0 {
				open[op.OperationID] = true
				continue
			}
			if len(op.Security) == 0 || op.Responses["default"] == nil {
				t.Errorf("%s: security %v, default problem %v", op.OperationID, op.Security, op.Responses["default"])
			}
			if a := call(r.nobody()); a.status != http.StatusUnauthorized || a.code() != "not_logged_in" {
				t.Errorf("%s without a session: %d %s", op.OperationID, a.status, a.body)
			}
			forged := r.nobody()
			forged.csrf = strings.Repeat("a", 64)
			if a := forged.do(strings.ToUpper(method), things(path, 1, 1, int(station)), bodies[op.OperationID], header{"Cookie", "bd_session=" + strings.Repeat("b", 64)}); a.status != http.StatusUnauthorized {
				t.Errorf("%s with a forged session: %d", op.OperationID, a.status)
			}
			if op.OperationID == "logout" {
				continue // would end the sessions below
			}
			for role, p := range people {
				allowed := op.Roles[0] == "*" || contains(op.Roles, string(role))
				if !allowed {
					if a := call(p); a.status != http.StatusForbidden || a.code() != "role_missing" {
						t.Errorf("%s as %s: %d %s", op.OperationID, role, a.status, a.body)
					}
					continue
				}
				if method == "get" {
					if a := call(p); a.status != 200 && a.status != http.StatusForbidden {
						t.Errorf("%s as %s: %d %s", op.OperationID, role, a.status, a.body)
					}
					continue
				}
				cross := *p
				cross.csrf = ""
				if a := call(&cross); a.status != http.StatusForbidden || a.code() != "csrf" {
					t.Errorf("%s as %s without the CSRF token: %d %s", op.OperationID, role, a.status, a.body)
				}
				if a := p.do(strings.ToUpper(method), things(path, 1, 1, int(station)), bodies[op.OperationID], header{"Origin", "https://evil.example"}); a.status != http.StatusForbidden || a.code() != "origin" {
					t.Errorf("%s as %s from another site: %d %s", op.OperationID, role, a.status, a.body)
				}
			}
		}
	}
	if routes < 30 || len(open) != 2 || !open["login"] || !open["enroll-station"] {
		t.Errorf("%d routes, open: %v", routes, open)
	}
}

func contains(list []string, want string) bool {
	for _, s := range list {
		if s == want {
			return true
		}
	}
	return false
}

// Things of another warehouse, or of another owner, do not exist for a caller: 404, and nothing of them in lists.
func TestOtherPeoplesThingsDoNotExist(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.serve()
		_, station := s.enrol(2)
		s.parked(station, 1, 2, "BD:DONE")
		s.parked(station, 2, 1, "BD:DONE")
		s.orphanIn(2, strays+12, 1)
		s.promised(2, int(station))
		callers := map[string]struct {
			p    *person
			o, w int // whose things it may not see
		}{}
		for _, role := range auth.Roles {
			callers[string(role)] = struct {
				p    *person
				o, w int
			}{r.login(string(role)), 1, 2}
		}
		callers["acme"] = struct {
			p    *person
			o, w int
		}{r.login("acme"), 2, 1}
		tried := 0
		for path, methods := range r.spec().Paths {
			for method, op := range methods {
				if len(op.Roles) == 0 || op.Roles[0] == "*" {
					continue
				}
				for name, c := range callers {
					role := name
					if name == "acme" {
						role = "merchant"
					}
					if !contains(op.Roles, role) {
						continue
					}
					if strings.Contains(path, "/orders") && name != "acme" {
						continue // an order is in no warehouse
					}
					target := things(path, c.o, c.w, int(station))
					single := strings.Contains(path, "{") || strings.Contains(path, "/board")
					if !single && method != "get" {
						continue
					}
					tried++
					a := c.p.do(strings.ToUpper(method), target, bodies[op.OperationID])
					if single {
						if a.status != http.StatusNotFound && a.status != http.StatusForbidden && !(a.status == http.StatusServiceUnavailable && a.code() == "not_wired") {
							t.Errorf("%s %s as %s: %d %s", method, target, name, a.status, a.body)
						}
						continue
					}
					n := c.o*10 + c.w
					for _, hidden := range []string{plate(n), fmt.Sprintf("P%06d", n), fmt.Sprintf("\"C%d\"", n), fmt.Sprintf("\"R%d\"", n)} {
						if bytes.Contains(a.body, []byte(hidden)) {
							t.Errorf("%s as %s shows %s", target, name, hidden)
						}
					}
					if name == "acme" && (bytes.Contains(a.body, []byte("OTHER")) || bytes.Contains(a.body, []byte("SKU-2"))) {
						t.Errorf("%s as %s shows the other owner", target, name)
					}
				}
			}
		}
		if tried < 60 {
			t.Errorf("only %d tries", tried)
		}
	})
}

func TestProblemsForEverything(t *testing.T) {
	s := newSite(t, testkit.Open(t, db.SQLite))
	r := s.serve()
	p := r.login("inspector")
	inspection := "/units/" + plate(11) + "/inspection"
	for name, c := range map[string]struct {
		method, path string
		body         any
		headers      []header
		status       int
		code         string
	}{
		"no such route":       {"GET", "/nothing", nil, nil, 404, "route_unknown"},
		"no such route, long": {"GET", "//api/v2/units", nil, nil, 404, "route_unknown"},
		"wrong method":        {"DELETE", "/units", nil, nil, 405, "method_not_allowed"},
		"wrong method, page":  {"POST", "//somewhere", nil, nil, 405, "method_not_allowed"},
		"no body":             {"POST", inspection, nil, nil, 400, "malformed"},
		"not JSON":            {"POST", inspection, "{", nil, 400, "malformed"},
		"form":                {"POST", inspection, "grade=A", []header{{"Content-Type", "application/x-www-form-urlencoded"}}, 415, "unsupported_media_type"},
		"unknown field":       {"POST", inspection, `{"grade":"A","disposition":"restock","checks":{},"note":"","version":1,"admin":true}`, nil, 422, "request_invalid"},
		"field of other case": {"POST", inspection, `{"Grade":"A","disposition":"restock","checks":{},"note":"","version":1}`, nil, 422, "request_invalid"},
		"wrong enum":          {"POST", inspection, `{"grade":"Z","disposition":"restock","checks":{},"note":"","version":1}`, nil, 422, "request_invalid"},
		"NUL":                 {"POST", inspection, `{"grade":"A","disposition":"restock","checks":{},"note":"a\u0000b","version":1}`, nil, 400, "malformed"},
		"broken UTF-8":        {"POST", inspection, []byte("{\"grade\":\"A\",\"disposition\":\"restock\",\"checks\":{},\"note\":\"\xff\xfe\",\"version\":1}"), nil, 400, "malformed"},
		"path NUL":            {"GET", "/units/a%00b", nil, nil, 422, "not_text"},
		"path UTF-8":          {"GET", "/units/%ff", nil, nil, 422, "not_text"},
		"query NUL":           {"GET", "/units?q=%00", nil, nil, 422, "not_text"},
		"query UTF-8":         {"GET", "/units?q=%c3%28", nil, nil, 422, "not_text"},
		"unknown query":       {"GET", "/units?admin=1", nil, nil, 422, "request_invalid"},
		"bad limit":           {"GET", "/units?limit=0", nil, nil, 422, "request_invalid"},
		"bad cursor":          {"GET", "/units?cursor=xyz", nil, nil, 422, "cursor_invalid"},
		"no such unit":        {"GET", "/units/U0000000000", nil, nil, 404, "unit_not_found"},
		"no such parcel":      {"GET", "/parcels/P99999999999999999999", nil, nil, 404, "parcel_not_found"},
		"not wired":           {"POST", "//hooks/pay/wechatpay/m", "{}", nil, 503, "not_wired"},
		"missing asset":       {"GET", "//assets/none.js", nil, nil, 404, "file_unknown"},
		"not a socket":        {"GET", "//ws/live", nil, nil, 422, "websocket_only"},
	} {
		t.Run(name, func(t *testing.T) {
			q := *p
			a := q.do(c.method, c.path, c.body, c.headers...)
			a.t = t
			if a.status != c.status || a.code() != c.code {
				t.Errorf("%d %s, want %d %s", a.status, a.body, c.status, c.code)
			}
			if a.header.Get("Content-Security-Policy") == "" || a.header.Get("X-Request-Id") == "" || a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", a.header)
			}
			if bytes.Contains(a.body, []byte("xxxxxxxx")) {
				t.Error("the answer echoes what was sent")
			}
		})
	}
	// Below HTTP: what Fiber refuses before any handler runs is a problem too.
	for code, raw := range map[string]string{
		"headers_too_large": "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("a", 20<<10) + "\r\n\r\n",
		"too_large":         "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 3000000\r\n\r\n{",
		"malformed":         "NONSENSE\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", r.host)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, raw); err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(conn)
		conn.Close()
		if !bytes.Contains(answer, []byte(`"code":"`+code+`"`)) || !bytes.Contains(answer, []byte("Content-Security-Policy")) {
			t.Errorf("%s: %.300s", code, answer)
		}
	}
}

// A password is never echoed, not even by validation.
func TestValidationDoesNotEcho(t *testing.T) {
	r := newSite(t, testkit.Open(t, db.SQLite)).serve()
	a := r.nobody().do("POST", "/auth/login", map[string]any{"username": "clerk", "password": map[string]string{"canary": "s3cret-canary"}})
	if a.status != 422 || bytes.Contains(a.body, []byte("s3cret")) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestPages(t *testing.T) {
	s := newSite(t, testkit.Open(t, db.SQLite))
	r := s.serve()
	for path, want := range map[string]struct {
		status int
		cache  string
		kind   string
	}{
		"//": {200, "no-cache", "text/html; charset=utf-8"}, "//qc/U0000000010": {200, "no-cache", "text/html; charset=utf-8"},
		"//assets/app-1a2b.js": {200, "public, max-age=31536000, immutable", "text/javascript; charset=utf-8"}, "//docs": {200, "no-cache", "text/html; charset=utf-8"},
		"//docs/docs.js": {200, "no-cache", "text/javascript; charset=utf-8"}, "//healthz": {200, "", "application/json"}, "//readyz": {200, "", "application/json"},
		"//openapi.json": {200, "", "application/openapi+json"},
	} {
		a := r.nobody().do("GET", path, nil)
		if a.status != want.status || a.header.Get("Content-Type") != want.kind || want.cache != "" && a.header.Get("Cache-Control") != want.cache {
			t.Errorf("%s: %d %q %q", path, a.status, a.header.Get("Content-Type"), a.header.Get("Cache-Control"))
		}
	}
	for name, build := range map[string]fs.FS{"none": nil, "empty": fstest.MapFS{".gitkeep": {}}} {
		a := s.serve(func(d *api.Deps) { d.Web = build }).nobody().do("GET", "//dashboard", nil)
		if a.status != 503 || !bytes.Contains(a.body, []byte("make web")) {
			t.Errorf("without a build (%s): %d %s", name, a.status, a.body)
		}
	}
	if page := r.nobody().do("GET", "//docs", nil); bytes.Contains(page.body, []byte("http://")) || bytes.Contains(page.body, []byte("https://")) {
		t.Error("the docs page loads something from elsewhere")
	}
	big := strings.Repeat("let x = 1;\n", 1000)
	web := s.serve(func(d *api.Deps) { d.Web = fstest.MapFS{"assets/big-1.js": {Data: []byte(big)}} })
	for encoding, packed := range map[string]bool{"gzip": true, "identity": false} {
		a := web.nobody().do("GET", "//assets/big-1.js", nil, header{"Accept-Encoding", encoding})
		if (a.header.Get("Content-Encoding") == "gzip") != packed || (len(a.body) < len(big)/10) != packed || a.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %d bytes, %v", encoding, len(a.body), a.header)
		}
	}
	if m := metricsOf(r); !strings.Contains(m, "backdock_events_unstamped 0") || !strings.Contains(m, `backdock_refunds{state="requested"} 4`) {
		t.Errorf("metrics: %s", m)
	}
	if b, err := r.OpenAPI(); err != nil || !json.Valid(b) || r.spec().OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI: %v", err)
	}
}
