package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/db"
)

// leaks are words that tell of the inside. No answer to bad input holds one.
var leaks = []string{"SQLSTATE", "sqlite", "pgx", "gorm", "goroutine", ".go:", "panic", "runtime error", "backdock.db", "keyring", "postgres://", "unmarshal", "api.", "huma"}

// refused checks an answer to bad input: a 4xx with a code that stays, nothing of the inside, nothing echoed.
func refused(t *testing.T, what string, status int, answer []byte, echo string) {
	t.Helper()
	var p problem
	if err := json.Unmarshal(answer, &p); err != nil || p.Code == "" || p.Status != status {
		t.Errorf("%s: %d %.200q is no problem with a code", what, status, answer)
		return
	}
	if status < 400 || status > 499 {
		t.Errorf("%s: %d %s %s", what, status, p.Code, p.Detail)
	}
	for _, word := range leaks {
		if bytes.Contains(answer, []byte(word)) {
			t.Errorf("%s: the answer tells %q: %.300s", what, word, answer)
		}
	}
	if echo != "" && bytes.Contains(answer, []byte(echo)) {
		t.Errorf("%s: the answer echoes what was sent", what)
	}
}

// untouched counts what bad input must leave as it is.
func (h *house) untouched() string {
	h.t.Helper()
	var out []string
	var events int64 // but for those of stations that come and go, and what other systems are told of earlier balances when its time comes
	h.must(h.db.Read.Table("events").Where("type NOT LIKE 'backdock.station.%line.v1' AND type <> 'backdock.stock.changed.v1'").Count(&events).Error)
	out = append(out, fmt.Sprint("events ", events))
	for _, table := range []string{"users", "stations", "grants", "outcomes", "units", "refunds", "inspections", "idempotency_keys"} {
		var n int64
		h.must(h.db.Read.Table(table).Count(&n).Error)
		out = append(out, fmt.Sprint(table, " ", n))
	}
	return strings.Join(out, ", ")
}

// quiet checks at the end that the server stands, has changed nothing and has not called any of it its own fault.
func (h *house) quiet(before string) {
	h.t.Helper()
	if after := h.untouched(); after != before {
		h.t.Errorf("bad input changed something:\nbefore %s\nafter  %s", before, after)
	}
	if !h.server.alive() {
		h.t.Error("the server died")
	}
	log := h.server.log.text()
	for _, word := range []string{"panic", "level=ERROR"} {
		if i := strings.Index(log, word); i >= 0 {
			h.t.Errorf("the server says %q: %.600s", word, log[max(0, i-200):])
		}
	}
	if err := h.boss.do(h.t.Context(), http.MethodGet, "/api/v1/auth/me", nil, nil); err != nil {
		h.t.Errorf("afterwards: %v", err)
	}
}

// Whatever comes in, through the real program on both databases: a clear refusal with a code that stays, nothing of the inside told, nothing done, and the server goes on.
func TestBadInput(t *testing.T) {
	for _, dialect := range []db.Dialect{db.Postgres, db.SQLite} {
		t.Run(string(dialect), func(t *testing.T) {
			h := newHouse(t, dialect)
			for _, try := range []struct {
				name string
				run  func(t *testing.T, h *house)
			}{
				{"bodies", badBodies}, {"addresses and headers", badAddresses}, {"other warehouse", otherWarehouse}, {"bytes", badBytes}, {"doors of sockets", badDoors},
				{"words of stations", badWords}, {"frames", badFrames}, {"words of boards", badBoards}, {"absurd scans", absurdScans},
			} {
				t.Run(try.name, func(t *testing.T) {
					defer func(outer *testing.T) { h.t = outer }(h.t)
					h.t = t
					try.run(t, h)
				})
			}
		})
	}
}

const echoed = "zzECHOzz"

// malformed lists bodies that no operation takes.
func malformed(o operation) map[string][]byte {
	out := map[string][]byte{"nothing": nil, "null": []byte("null"), "a list": []byte("[]"), "a text": []byte(`"x"`), "half": []byte(`{"`), "two": []byte(`{}{}`),
		"deep":      bytes.Repeat([]byte("["), 100_000),
		"deep maps": bytes.Repeat([]byte(`{"a":`), 100_000), "bytes": {0xff, 0xfe, 0x00, 0x1b}, "large": append(append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), 1<<20)...), `"}`...),
		"unknown field": o.with("admin", echoed), "number": []byte("1e999999")}
	for name, raw := range o.body {
		schema, _ := raw.(map[string]any)
		for kind, value := range map[string]any{"list": []any{[]any{}}, "object": map[string]any{echoed: echoed}, "text": echoed, "number": 1.5, "bool": true, "huge": json.Number("1" + strings.Repeat("0", 400)), "beyond": json.Number("99999999999999999999")} {
			if kind == "text" && schema["type"] == "string" && schema["enum"] == nil || kind == "bool" && schema["type"] == "boolean" || kind == "object" && schema["type"] == "object" ||
				kind == "list" && schema["type"] == "array" && schema["items"] == nil {
				continue // that is sound
			}
			out[name+" is a "+kind] = o.with(name, value)
		}
		if schema["type"] == "string" {
			out[name+" with NUL"] = o.with(name, echoed+"\x00")
			out[name+" broken"] = bytes.ReplaceAll(o.with(name, "@@@"), []byte("@@@"), []byte{0xc3, 0x28})
			out[name+" long"] = o.with(name, strings.Repeat("长", 100_000))
		}
	}
	return out
}

// badBodies: whatever comes as a body: every operation that takes one refuses it, says so with a code, and nothing happens.
func badBodies(t *testing.T, h *house) {
	before, tried := h.untouched(), 0
	for _, o := range h.operations() {
		if o.body == nil {
			continue
		}
		for name, body := range malformed(o) {
			tried++
			status, answer := h.boss.raw(t.Context(), o.method, o.at("999999"), body, nil)
			refused(t, o.id+", "+name, status, answer, echoed)
		}
		for name, kind := range map[string]string{"form": "application/x-www-form-urlencoded", "xml": "application/xml", "none": "", "charset": "application/json; charset=utf-16"} {
			body := []byte("<a/>")
			status, answer := h.boss.raw(t.Context(), o.method, o.at("999999"), body, http.Header{"Content-Type": {kind}})
			refused(t, o.id+" as "+name, status, answer, "")
		}
	}
	if tried < 300 {
		t.Errorf("only %d bodies", tried)
	}
	h.quiet(before)
}

// badAddresses: whatever stands in the address or the headers.
func badAddresses(t *testing.T, h *house) {
	before := h.untouched()
	long := strings.Repeat("9", 8_000)
	for _, o := range h.operations() {
		body, err := json.Marshal(o.sound())
		h.must(err)
		if o.body == nil {
			body = nil
		}
		if o.named() {
			for name, value := range map[string]string{"NUL": "a%00b", "broken": "%ff%fe", "up": "..%2f..%2fetc%2fpasswd", "long": long, "minus": "-1", "beyond": "99999999999999999999999", "quote": "'%20OR%201=1--",
				"percent": "%25%27", "emoji": "%F0%9F%98%80", "space": "%20", "line": "a%0d%0aX-Evil:1"} {
				status, answer := h.boss.raw(t.Context(), o.method, o.at(value), body, nil)
				refused(t, o.id+" at "+name, status, answer, long)
			}
		}
		for _, q := range o.query {
			for name, value := range map[string]string{"NUL": "%00", "broken": "%c3%28", "long": long} {
				status, answer := h.boss.raw(t.Context(), o.method, o.at("999999")+"?"+q+"="+value, body, nil)
				refused(t, o.id+" "+q+" "+name, status, answer, long)
			}
		}
		status, answer := h.boss.raw(t.Context(), o.method, o.at("999999")+"?admin=1", body, nil)
		refused(t, o.id+" with an unknown query", status, answer, "")
		if o.method == http.MethodGet || len(o.roles) == 0 {
			continue
		}
		for name, headers := range map[string]http.Header{
			"no CSRF":      {"X-Csrf-Token": {""}},
			"forged CSRF":  {"X-Csrf-Token": {strings.Repeat("a", 64)}},
			"other origin": {"Origin": {"https://evil.example"}},
			"null origin":  {"Origin": {"null"}},
			"near origin":  {"Origin": {h.base + ".evil.example"}},
			"long key":     {"Idempotency-Key": {strings.Repeat("k", 201)}},
			"broken key":   {"Idempotency-Key": {"\xff\xfe"}},
			"forged":       {"Cookie": {"bd_session=" + strings.Repeat("b", 64)}},
		} {
			c := *h.boss
			if name == "forged" {
				c.http = &http.Client{Timeout: 30 * time.Second}
			}
			status, answer := c.raw(t.Context(), o.method, o.at("999999"), body, headers)
			refused(t, o.id+", "+name, status, answer, "")
		}
	}
	h.quiet(before)
}

// otherWarehouse: things of another warehouse do not exist for who has no grant there, whatever role: 404 for each, nothing of them in any list.
func otherWarehouse(t *testing.T, h *house) {
	before, hits := h.untouched(), map[string]bool{}
	for _, o := range h.operations() {
		if len(o.roles) == 0 || strings.HasPrefix(o.path, "/api/v1/orders") { // an order is in no warehouse
			continue
		}
		body, err := json.Marshal(o.sound())
		h.must(err)
		if o.body == nil {
			body = nil
		}
		for at, value := range h.hidden {
			if !strings.HasPrefix(o.path, "/api/v1"+at) {
				continue
			}
			hits[at] = true
			status, answer := h.local.raw(t.Context(), o.method, o.at(value), body, nil)
			refused(t, o.id, status, answer, "")
			if status != http.StatusNotFound {
				t.Errorf("%s of another warehouse: %d %s", o.id, status, answer)
			}
		}
		if o.method == http.MethodGet && !o.named() && !strings.Contains(o.path, "/orders") {
			_, answer := h.local.raw(t.Context(), o.method, o.path, nil, nil)
			for _, value := range h.hidden {
				if len(value) > 3 && bytes.Contains(answer, []byte(value)) {
					t.Errorf("%s shows %s of another warehouse", o.id, value)
				}
			}
		}
	}
	if len(hits) != len(h.hidden) {
		t.Errorf("only %v were tried", slices.Sorted(maps.Keys(hits)))
	}
	status, answer := h.local.raw(t.Context(), http.MethodGet, "/api/v1/reports/board?warehouse=SZ1", nil, nil)
	refused(t, "board", status, answer, "")
	h.quiet(before)
}

// badBytes: bytes that are no HTTP, and payment notices that nobody signed.
func badBytes(t *testing.T, h *house) {
	before := h.untouched()
	for name, raw := range map[string]string{
		"TLS":           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x5a", 500),
		"zeros":         strings.Repeat("\x00", 4096),
		"no version":    "GET /\r\n\r\n",
		"long header":   "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("a", 64<<10) + "\r\n\r\n",
		"minus length":  "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nhello",
		"two lengths":   "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 200\r\n\r\n{}",
		"both lengths":  "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
		"bad chunk":     "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
		"large":         "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{",
		"header broken": "GET /api/v1/units HTTP/1.1\r\nHost: x\r\nCookie: bd_session=\xff\xfe\x00\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", h.server.address)
		h.must(err)
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(conn, raw)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		answer, _ := io.ReadAll(conn)
		conn.Close()
		if bytes.Contains(answer, []byte(" 500 ")) || bytes.Contains(answer, []byte(" 200 ")) {
			t.Errorf("%s: %.300q", name, answer)
		}
		for _, word := range leaks {
			if bytes.Contains(answer, []byte(word)) {
				t.Errorf("%s: the answer tells %q: %.300q", name, word, answer)
			}
		}
	}
	for _, path := range []string{"/hooks/pay/wechat/" + h.bank.account(), "/hooks/pay/wechat/nobody", "/hooks/pay/..%2f/x", "/hooks/pay/wechat/%00"} {
		for name, body := range map[string][]byte{"nothing": nil, "bytes": {0xff, 0x00}, "JSON": []byte(`{"id":"x","resource":{}}`), "large": bytes.Repeat([]byte("x"), 3<<20)} {
			status, answer := h.boss.raw(t.Context(), http.MethodPost, path, body, http.Header{"Wechatpay-Signature": {"AAAA"}, "Wechatpay-Serial": {"x"}, "Wechatpay-Timestamp": {"-1"}, "Wechatpay-Nonce": {"n"}})
			if status < 400 || status >= 500 {
				t.Errorf("notice %s to %s: %d %.200s", name, path, status, answer)
			}
		}
	}
	h.quiet(before)
}
