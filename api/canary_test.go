package api_test

import (
	"context"
	"fmt"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// canaries are planted in every column that holds a secret or a buyer's data; none may ever come out.
var canaries = []struct{ table, column, sql string }{
	{"orders", "buyer_name_enc", "UPDATE orders SET buyer_name_enc = CAST(? AS BYTEA)"}, {"orders", "buyer_phone_enc", "UPDATE orders SET buyer_phone_enc = CAST(? AS BYTEA)"},
	{"orders", "buyer_address_enc", "UPDATE orders SET buyer_address_enc = CAST(? AS BYTEA)"}, {"orders", "buyer_name_idx", ""}, {"orders", "buyer_phone_idx", ""}, {"orders", "buyer_key_id", ""},
	{"orders", "buyer_tail_idx", ""}, {"unclaimed_notes", "tail_idx", "INSERT INTO unclaimed_notes (parcel_id, tail_idx) SELECT id, ? FROM parcels"},
	{"users", "badge_hash", "UPDATE users SET badge_hash = ? || CAST(id AS TEXT)"}, {"refunds", "body", ""}, {"refunds", "lease_token", ""}, {"refund_attempts", "message", ""},
	{"enrolments", "code_hash", "UPDATE enrolments SET code_hash = ? || CAST(station_id AS TEXT)"}, {"idempotency_keys", "response", ""}, {"conflicts", "body", ""},
}

func canary(table, column string) string {
	return "canary-" + table + "-" + strings.ReplaceAll(column, "_", "-")
}

func TestCanariesNeverComeOut(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		r := s.whole()
		token, _ := s.enrol(1)
		_, spare := s.enrol(2) // gets revoked on the way
		now := time.Now().UTC()
		s.exec("INSERT INTO refund_attempts (refund_id, kind, effect, code, message, started_at) VALUES (11, 'send', 'Unknown', 'TIMEOUT', 'm', ?)", now)
		s.exec("INSERT INTO conflicts (producer, seq, body, at) VALUES ('x', 1, 'b', ?)", now)
		for _, c := range canaries {
			sql := c.sql
			if sql == "" {
				sql = fmt.Sprintf("UPDATE %s SET %s = ?", c.table, c.column)
			}
			if d.Dialect == db.SQLite {
				sql = strings.ReplaceAll(sql, "BYTEA", "BLOB")
			}
			s.exec(sql, canary(c.table, c.column))
		}
		var out strings.Builder
		boss := r.login("boss")
		sc := boss.watch(`{"op":"resume","since":0,"warehouse":"HZ1","board":true}`)
		sc.until("board")
		// Every route, in every warehouse, as every role that may; writes too, so that events and answers of writes are seen.
		people := []*person{boss}
		for _, role := range auth.Roles {
			people = append(people, r.login(string(role)))
		}
		for path, methods := range r.spec().Paths {
			for method, op := range methods {
				for _, p := range people {
					if op.OperationID == "logout" {
						continue
					}
					a := p.do(strings.ToUpper(method), things(path, 1, 1, int(spare)), bodies[op.OperationID], header{"Idempotency-Key", "canary-key"})
					out.Write(a.body)
					for name, values := range a.header {
						if name != "Set-Cookie" {
							fmt.Fprintln(&out, name, values)
						}
					}
				}
			}
		}
		a := r.agent(token)
		a.hello(0)
		a.say(wire.FromStation{Op: wire.OpScans, Scans: scans(1, 3)})
		fmt.Fprintf(&out, "%+v", a.hear())
		a.say(wire.FromStation{Op: wire.OpScans, Scans: []scanner.Scan{{Seq: 4, Device: "gun", Source: scanner.FromDevice, Data: "SF0000000011", Raw: []byte("x"), CapturedAt: now, Charset: "utf-8"}}})
		fmt.Fprintf(&out, "%+v", a.hear())
		for range 3 {
			f, err := sc.next()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%+v %+v", f, f.Board)
		}
		for _, q := range []string{"SELECT data FROM events", "SELECT CAST(args AS TEXT) FROM river_job"} {
			var rows []string
			if err := d.Read.Raw(q).Scan(&rows).Error; err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&out, rows)
		}
		out.WriteString(metricsOf(r))
		out.WriteString(s.logs.String())
		if out.Len() < 100_000 {
			t.Errorf("only %d bytes came out: the walk did not walk", out.Len())
		}
		for _, c := range canaries {
			if strings.Contains(out.String(), canary(c.table, c.column)) {
				t.Errorf("%s.%s came out", c.table, c.column)
			}
		}
		for _, secret := range s.secrets(token, boss) {
			if strings.Contains(out.String(), secret) {
				t.Errorf("a secret came out: %.12s…", secret)
			}
		}
	})
}

// secrets reads the hashes in the store, and takes the tokens that are only on their way.
func (s *site) secrets(token string, p *person) []string {
	s.t.Helper()
	out := []string{token}
	for _, c := range p.http.Jar.(*cookiejar.Jar).Cookies(p.request().URL) {
		out = append(out, c.Value)
	}
	for _, q := range []string{"SELECT token_hash FROM sessions", "SELECT password_hash FROM users", "SELECT token_hash FROM stations WHERE token_hash IS NOT NULL",
		"SELECT page_hash FROM stations WHERE page_hash IS NOT NULL", "SELECT token_hash FROM station_tickets"} {
		var rows []string
		if err := s.d.Read.Raw(q).Scan(&rows).Error; err != nil {
			s.t.Fatal(err)
		}
		out = append(out, rows...)
	}
	return out
}

// The columns that hold secrets are in the list above: a new one that is named like a secret fails here until it is.
func TestEverySecretColumnHasACanary(t *testing.T) {
	d := testkit.Open(t, db.SQLite)
	var columns []struct{ Table, Column string }
	err := d.Read.WithContext(context.Background()).Raw(`SELECT m.name AS "table", p.name AS "column" FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'river%' AND m.name NOT LIKE 'goose%'`).Scan(&columns).Error
	if err != nil || len(columns) < 100 {
		t.Fatal(len(columns), err)
	}
	covered := map[string]bool{"sessions.token_hash": true, "sessions.csrf": true, "users.password_hash": true, "stations.token_hash": true, "stations.page_hash": true, "station_tickets.token_hash": true, "station_tickets.session_hash": true, // read by secrets, or handed to their owner
		"evidence_blobs.hash": true, "evidence.hash": true, "evidence_uploads.hash": true, // of what the camera saw: shown, and opens nothing
		"outcomes.content_hash": true, "idempotency_keys.body_hash": true, "idempotency_keys.key": true} // hashes and keys of the callers' own
	for _, c := range canaries {
		covered[c.table+"."+c.column] = true
	}
	for _, c := range columns {
		for _, word := range []string{"buyer_name", "buyer_phone", "buyer_address", "_enc", "_idx", "hash", "token", "secret", "password", "csrf", "_key"} {
			if strings.Contains(c.Column, word) && !covered[c.Table+"."+c.Column] {
				t.Errorf("%s.%s has no canary", c.Table, c.Column)
			}
		}
	}
}
