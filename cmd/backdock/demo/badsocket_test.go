package demo

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// closing reads a socket to its end and returns the last error message and the close code (0: cut).
func closing(t *testing.T, conn *websocket.Conn) (code string, status int) {
	t.Helper()
	for {
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		_, b, err := conn.ReadMessage()
		if err != nil {
			if end, ok := errors.AsType[*websocket.CloseError](err); ok {
				return code, end.Code
			}
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				t.Error("the socket stays open")
			}
			return code, 0
		}
		for _, word := range leaks {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("the socket tells %q: %.300s", word, b)
			}
		}
		var m struct{ Op, Code string }
		if json.Unmarshal(b, &m) == nil && m.Op == string(wire.OpError) {
			code = m.Code
		}
	}
}

// badDoors: who may not open a station's socket is told so before it opens.
func badDoors(t *testing.T, h *house) {
	before := h.untouched()
	for name, c := range map[string]struct {
		token  string
		more   http.Header
		path   string
		status int
	}{
		"no token":       {more: http.Header{"Authorization": nil}, path: wire.Path, status: 401},
		"forged token":   {token: strings.Repeat("a", 64), path: wire.Path, status: 401},
		"broken token":   {token: "\xff\x00\xfe", path: wire.Path, status: 400},
		"long token":     {token: strings.Repeat("a", 12_000), path: wire.Path, status: 401},
		"a user's":       {token: "bd_session", path: wire.Path, status: 401},
		"other origin":   {token: h.token, more: http.Header{"Origin": {"https://evil.example"}}, path: wire.Path, status: 403},
		"null origin":    {token: h.token, more: http.Header{"Origin": {"null"}}, path: wire.Path, status: 403},
		"board, nobody":  {path: "/ws/live", status: 401},
		"board, forged":  {path: "/ws/live", more: http.Header{"Cookie": {"bd_session=" + strings.Repeat("c", 64)}}, status: 401},
		"board, station": {token: h.token, path: "/ws/live", status: 401},
		"board, origin":  {path: "/ws/live", more: http.Header{"Origin": {"https://evil.example"}, "Cookie": {h.cookie()}}, status: 403},
	} {
		header := http.Header{"Authorization": {"Bearer " + c.token}}
		for k, v := range c.more {
			header[k] = v
		}
		d := websocket.Dialer{HandshakeTimeout: 20 * time.Second, Subprotocols: []string{wire.Subprotocol}}
		conn, res, err := d.Dial("ws://"+h.server.address+c.path, header)
		switch {
		case err == nil:
			conn.Close()
			t.Errorf("%s: the socket opened", name)
		case res == nil || res.StatusCode != c.status:
			t.Errorf("%s: %v %v, want %d", name, res, err, c.status)
		}
	}
	h.quiet(before)
}

func (h *house) cookie() string {
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.base, nil)
	h.must(err)
	var out []string
	for _, c := range h.boss.http.Jar.Cookies(req.URL) {
		out = append(out, c.Name+"="+c.Value)
	}
	return strings.Join(out, "; ")
}

// badWords: whatever a station says: the socket closes with a code, and the same station then works as ever.
func badWords(t *testing.T, h *house) {
	before := h.untouched()
	hello := fmt.Sprintf(`{"op":"hello","versions":[1],"producer":"%s","next_seq":1}`, id.Producer())
	deep := strings.Repeat("[", 500_000)
	for name, c := range map[string]struct {
		hello  bool
		kind   int
		raw    string
		code   string // of the error message before the close
		status int    // of the close; 0: policy violation
	}{
		"garbage":            {kind: websocket.TextMessage, raw: "\x01\x02hello", code: wire.ErrMalformed},
		"nothing":            {kind: websocket.TextMessage, raw: "", code: wire.ErrMalformed},
		"binary":             {kind: websocket.BinaryMessage, raw: string(randomBytes(4096)), status: websocket.CloseUnsupportedData},
		"broken text":        {kind: websocket.TextMessage, raw: "{\"op\":\"\xff\xfe\"}", status: websocket.CloseInvalidFramePayloadData},
		"deep":               {kind: websocket.TextMessage, raw: deep, code: wire.ErrMalformed},
		"deep devices":       {kind: websocket.TextMessage, raw: `{"op":"hello","devices":` + deep, code: wire.ErrMalformed},
		"a megabyte":         {kind: websocket.TextMessage, raw: `{"op":"` + strings.Repeat("x", wire.MaxMessage) + `"}`, status: websocket.CloseMessageTooBig},
		"nearly a megabyte":  {kind: websocket.TextMessage, raw: `{"op":"` + strings.Repeat("x", wire.MaxMessage-100) + `"}`, code: wire.ErrMalformed},
		"huge producer":      {kind: websocket.TextMessage, raw: `{"op":"hello","versions":[1],"producer":"` + strings.Repeat("a", 100_000) + `"}`, code: wire.ErrMalformed},
		"NUL producer":       {kind: websocket.TextMessage, raw: `{"op":"hello","versions":[1],"producer":"` + strings.Repeat(`\u0000`, 32) + `"}`, code: wire.ErrMalformed},
		"no version":         {kind: websocket.TextMessage, raw: strings.Replace(hello, "[1]", "[99]", 1), code: wire.ErrVersion},
		"seq beyond":         {kind: websocket.TextMessage, raw: strings.Replace(hello, `"next_seq":1`, `"next_seq":99999999999999999999999`, 1), code: wire.ErrMalformed},
		"scans first":        {kind: websocket.TextMessage, raw: `{"op":"scans","scans":[{"seq":1}]}`, code: wire.ErrNotHello},
		"hello twice":        {hello: true, kind: websocket.TextMessage, raw: hello, code: wire.ErrMalformed},
		"other fields":       {hello: true, kind: websocket.TextMessage, raw: `{"op":"scans","scans":[{"seq":1,"admin":true}]}`, code: wire.ErrMalformed},
		"seq 0":              {hello: true, kind: websocket.TextMessage, raw: `{"op":"scans","scans":[{"seq":0}]}`, code: wire.ErrMalformed},
		"65 scans":           {hello: true, kind: websocket.TextMessage, raw: `{"op":"scans","scans":[` + strings.TrimSuffix(strings.Repeat(`{"seq":1},`, 65), ",") + `]}`, code: wire.ErrMalformed},
		"raw too long":       {hello: true, kind: websocket.TextMessage, raw: `{"op":"scans","scans":[{"seq":1,"raw":"` + strings.Repeat("AAAA", 4096) + `"}]}`, code: wire.ErrMalformed},
		"raw no base64":      {hello: true, kind: websocket.TextMessage, raw: `{"op":"scans","scans":[{"seq":1,"raw":"@@"}]}`, code: wire.ErrMalformed},
		"time":               {hello: true, kind: websocket.TextMessage, raw: `{"op":"scans","scans":[{"seq":1,"captured_at":"yesterday"}]}`, code: wire.ErrMalformed},
		"lease of a million": {hello: true, kind: websocket.TextMessage, raw: `{"op":"lease","count":1000000}`, code: wire.ErrMalformed},
		"lease of minus":     {hello: true, kind: websocket.TextMessage, raw: `{"op":"lease","count":-1}`, code: wire.ErrMalformed},
	} {
		conn, _, err := dialStation(h.server.address, h.token, nil)
		h.must(err)
		if c.hello {
			h.must(conn.WriteMessage(websocket.TextMessage, []byte(hello)))
		}
		_ = conn.WriteMessage(c.kind, []byte(c.raw))
		code, status := closing(t, conn)
		conn.Close()
		if want := cmp.Or(c.status, websocket.ClosePolicyViolation); code != c.code || status != want {
			t.Errorf("%s: error %q and close %d, want %q and %d", name, code, status, c.code, want)
		}
	}
	h.works(before)
}

// works lets the station work after all that: hello, an odd scan that is stored as it is, a plain one.
func (h *house) works(before string) {
	h.t.Helper()
	log := h.server.log.text()
	for _, word := range []string{"panic", "level=ERROR"} {
		if strings.Contains(log, word) {
			h.t.Errorf("the server says %q: %.600s", word, log[strings.Index(log, word):])
		}
	}
	var n int64
	h.must(h.db.Read.Table("outcomes").Count(&n).Error)
	if !strings.Contains(before, fmt.Sprint("outcomes ", n)) {
		h.t.Errorf("%d outcomes after what was no scan; before: %s", n, before)
	}
	g := h.gun(h.server.address, h.token)
	for data, want := range map[string]scanner.Code{"a\x00b": scanner.CodeNotText, strings.Repeat("长", 2_000): scanner.CodeTooLong, "\u202eabc": scanner.CodeUnknownCode} {
		if o, err := g.scan(data); err != nil || o.Code != want {
			h.t.Errorf("scan of %.20q: %s %v, want %s", data, o.Code, err, want)
		}
	}
	g.want(fmt.Sprintf("SF%013d", time.Now().UnixNano()%1e13), scanner.CodeOwnerUnknownOpened)
	g.want("BD:HOLD", scanner.CodeHeld)
}

// absurdScans: scans whose fields are absurd are stored and answered, never lost and never the end of the line.
func absurdScans(t *testing.T, h *house) {
	g := h.gun(h.server.address, h.token)
	absurd := []scanner.Scan{
		{CapturedAt: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), Data: "FUTURE"},
		{CapturedAt: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), Data: "PAST"},
		{MonoMicros: -1 << 62, Data: "BACKWARDS"}, {MonoMicros: 1 << 62, Data: "FORWARDS"},
		{Device: strings.Repeat("d", 60_000), Data: "LONG DEVICE"}, {Device: "\x00", Data: "NUL DEVICE"},
		{Source: "nowhere", Symbology: "]\xff", Charset: "klingon", Flags: []scanner.Flag{"own", "flag"}, Data: "FLAGS"},
		{Plate: "U9999999999", Data: contestCode}, {Plate: "'; DROP TABLE units; --", Data: contestCode}, {Data: "'; DROP TABLE outcomes; --"},
		{Data: "BD:CHOOSE:99999999999999999999"}, {Data: "BD:CONDITION:\x1b[31m"}, {Data: "BD:OPERATOR:" + strings.Repeat("x", 5_000)}, {Data: "BD:"}, {Data: ""}, {Raw: randomBytes(wire.MaxRaw), Data: "RAW"},
	}
	for _, s := range absurd {
		g.seq++
		s.Seq = g.seq
		if s.CapturedAt.IsZero() && s.Data != "PAST" {
			s.CapturedAt = time.Now().UTC()
		}
		h.must(g.say(wire.FromStation{Op: wire.OpScans, Scans: []scanner.Scan{s}}))
		m, err := g.hear(wire.OpOutcomes)
		if err != nil || len(m.Outcomes) != 1 || m.Outcomes[0].Seq != g.seq {
			t.Fatalf("scan %.30q: %+v, %v", s.Data, m, err)
		}
		if m.Outcomes[0].Code == scanner.CodeParked {
			t.Errorf("scan %.30q was parked: %+v", s.Data, m.Outcomes[0])
		}
	}
	var n int64
	h.must(h.db.Read.Raw("SELECT count(*) FROM outcomes WHERE producer = ?", g.producer).Scan(&n).Error)
	if n != int64(len(absurd)) {
		t.Errorf("%d outcomes for %d scans", n, len(absurd))
	}
	if log := h.server.log.text(); strings.Contains(log, "panic") || strings.Contains(log, "level=ERROR") {
		t.Errorf("the server says: %.800s", log)
	}
}

// badFrames: bytes below the messages: frames that break the websocket protocol.
func badFrames(t *testing.T, h *house) {
	before := h.untouched()
	frame := func(b0 byte, mask bool, length uint64, body []byte) []byte {
		out := []byte{b0, 127}
		if mask {
			out[1] |= 0x80
		}
		out = binary.BigEndian.AppendUint64(out, length)
		if mask {
			out = append(out, 0, 0, 0, 0)
		}
		return append(out, body...)
	}
	for name, raw := range map[string][]byte{
		"noise":              randomBytes(8 << 10),
		"unmasked":           frame(0x81, false, 4, []byte("{\"a\"")),
		"reserved bits":      frame(0xf1, true, 2, []byte("{}")),
		"reserved opcode":    frame(0x83, true, 2, []byte("{}")),
		"endless":            frame(0x81, true, 1<<62, []byte("{")),
		"minus":              frame(0x81, true, 1<<63, []byte("{")),
		"long control":       frame(0x89, true, 4096, bytes.Repeat([]byte("p"), 4096)),
		"continued nothing":  frame(0x80, true, 2, []byte("{}")),
		"half a frame":       {0x81},
		"close of nothing":   {0x88, 0x81, 0, 0, 0, 0, 1},
		"fragments for ever": bytes.Repeat(append([]byte{0x01, 0x80 | 125, 0, 0, 0, 0}, bytes.Repeat([]byte("x"), 125)...), 1),
	} {
		for path, header := range map[string]string{wire.Path: "Authorization: Bearer " + h.token + "\r\nSec-WebSocket-Protocol: " + wire.Subprotocol, "/ws/live": "Cookie: " + h.cookie()} {
			conn, err := net.Dial("tcp", h.server.address)
			h.must(err)
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n\r\n",
				path, h.server.address, base64.StdEncoding.EncodeToString(randomBytes(16)), header)
			in := bufio.NewReader(conn)
			res, err := http.ReadResponse(in, nil)
			if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("upgrade of %s: %v %v", path, res, err)
			}
			_, _ = conn.Write(raw)
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.CloseWrite()
			}
			answer, err := io.ReadAll(in)
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				t.Errorf("%s at %s: the socket stays open", name, path)
			}
			for _, word := range leaks {
				if bytes.Contains(answer, []byte(word)) {
					t.Errorf("%s at %s tells %q: %.300q", name, path, word, answer)
				}
			}
			conn.Close()
		}
	}
	h.works(before)
}

// badBoards: whatever a browser says on /ws/live.
func badBoards(t *testing.T, h *house) {
	before := h.untouched()
	for name, raw := range map[string]string{
		"garbage": "\x01\x02", "not resume": `{"op":"shutdown"}`, "minus": `{"op":"resume","since":-1}`, "beyond": `{"op":"resume","since":1e99}`, "text": `{"op":"resume","since":"1"}`,
		"unknown field": `{"op":"resume","since":0,"admin":true}`, "two": `{"op":"resume","since":0}{"op":"resume"}`, "deep": strings.Repeat("[", 4000), "large": `{"op":"` + strings.Repeat("x", 1<<20) + `"}`,
		"other warehouse": `{"op":"resume","since":0,"board":true,"warehouse":"SZ1"}`, "no warehouse": `{"op":"resume","since":0,"board":true,"warehouse":"'--"}`, "NUL": `{"op":"resume","since":0,"board":true,"warehouse":"\u0000"}`,
		"broken text": "{\"op\":\"resume\",\"since\":0,\"warehouse\":\"\xff\"}",
	} {
		d := websocket.Dialer{HandshakeTimeout: 20 * time.Second, Jar: h.local.http.Jar}
		conn, _, err := d.Dial("ws://"+h.server.address+"/ws/live", http.Header{"Origin": {h.base}})
		h.must(err)
		_ = conn.WriteMessage(websocket.TextMessage, []byte(raw))
		want := websocket.ClosePolicyViolation
		switch name {
		case "large":
			want = websocket.CloseMessageTooBig
		case "broken text":
			want = websocket.CloseInvalidFramePayloadData
		}
		if _, status := closing(t, conn); status != want {
			t.Errorf("%s: closed with %d, want %d", name, status, want)
		}
		conn.Close()
	}
	h.quiet(before)
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}
