package auth_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/internal/testkit"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

const password = "correct horse"

type house struct {
	t   *testing.T
	d   *db.DB
	now *clock.Fake
	*auth.Keeper
}

func newHouse(t *testing.T, d *db.DB) *house {
	t.Helper()
	ring, err := secret.Parse(secret.Generate())
	if err != nil {
		t.Fatal(err)
	}
	now := clock.NewFake(start)
	h := &house{t, d, now, auth.New(d, event.NewLog(d, now), now, ring, auth.Options{Cost: auth.Cost{MemoryKiB: 64, Passes: 1}})}
	h.exec("INSERT INTO owners (id, code, name) VALUES (1, 'A', 'A')")
	h.exec("INSERT INTO warehouses (id, code, name, time_zone) VALUES (1, 'W', 'W', 'UTC'), (2, 'X', 'X', 'UTC')")
	h.exec("INSERT INTO benches (id, warehouse_id, number, name, kind) VALUES (1, 1, 1, 'B', 'receiving')")
	return h
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	if err := h.d.InTx(h.t.Context(), func(tx *gorm.DB) error { return tx.Exec(sql, args...).Error }); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) user(name string, grants ...auth.Grant) id.User {
	h.t.Helper()
	u, err := h.CreateUser(h.t.Context(), auth.NewUser{Username: name, Display: strings.ToUpper(name), Password: password, Grants: grants})
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

// stored reads every text of the tables that hold secrets.
func (h *house) stored() string {
	h.t.Helper()
	var out strings.Builder
	for _, q := range []string{"SELECT token_hash || csrf FROM sessions", "SELECT password_hash || COALESCE(badge_hash, '') FROM users", "SELECT code_hash FROM enrolments", "SELECT COALESCE(token_hash, '') FROM stations"} {
		var rows []string
		if err := h.d.Read.Raw(q).Scan(&rows).Error; err != nil {
			h.t.Fatal(err)
		}
		fmt.Fprintln(&out, rows)
	}
	return out.String()
}

func code(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || fault.Code(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSessions(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d), t.Context()
		u := h.user("mei", auth.Grant{Role: auth.Clerk, Warehouse: 1})
		s, err := h.Login(ctx, " MEI ", password, "10.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		if all := h.stored(); strings.Contains(all, s.Token) || strings.Contains(all, password) {
			t.Error("a secret is stored in the clear")
		}
		p, err := h.Session(ctx, s.Token)
		if err != nil || p.Username != "mei" || p.Display != "MEI" || !p.May(auth.Clerk) || p.May(auth.Manager) || len(p.Grants) != 1 {
			t.Fatalf("%+v, %v", p, err)
		}
		if err := p.CheckCSRF(p.CSRF); err != nil {
			t.Error(err)
		}
		code(t, p.CheckCSRF(""), "csrf")
		code(t, p.CheckCSRF(p.CSRF[:63]+"x"), "csrf")
		for _, bad := range []string{"", "x", strings.Repeat("0", 64), s.Token[:63], s.Token + "0"} {
			_, err := h.Session(ctx, bad)
			code(t, err, "not_logged_in")
		}
		// Grants are read anew: one that is taken away is gone at once.
		if err := h.SetGrants(ctx, u, nil); err != nil {
			t.Fatal(err)
		}
		if p, err = h.Session(ctx, s.Token); err != nil || p.May(auth.Clerk) {
			t.Errorf("%+v, %v", p, err)
		}
		// Use keeps a session alive, to its end; idleness ends it sooner.
		for range 11 {
			h.now.Add(time.Hour)
			if _, err := h.Session(ctx, s.Token); err != nil {
				t.Fatal(err)
			}
		}
		h.now.Add(time.Hour)
		_, err = h.Session(ctx, s.Token)
		code(t, err, "not_logged_in")
		s, err = h.Login(ctx, "mei", password, "10.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		h.now.Add(2*time.Hour + time.Second)
		_, err = h.Session(ctx, s.Token)
		code(t, err, "not_logged_in")
		if err := h.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if all := h.stored(); strings.Count(all, "[]") < 3 {
			t.Errorf("expired sessions are kept: %s", all)
		}
		// Each of these ends every session of the user.
		for name, end := range map[string]func() error{
			"logout": func() error {
				p, err := h.Session(ctx, s.Token)
				if err != nil {
					return err
				}
				return h.Logout(ctx, p)
			},
			"password": func() error { return h.SetPassword(ctx, u, password) },
			"disabled": func() error { return h.SetDisabled(ctx, u, true) },
		} {
			if s, err = h.Login(ctx, "mei", password, "10.0.0.1"); err != nil {
				t.Fatal(name, err)
			}
			if err := end(); err != nil {
				t.Fatal(name, err)
			}
			_, err := h.Session(ctx, s.Token)
			code(t, err, "not_logged_in")
			if name == "disabled" {
				_, err = h.Login(ctx, "mei", password, "10.0.0.1")
				code(t, err, "login_failed")
				if err := h.SetDisabled(ctx, u, false); err != nil {
					t.Fatal(err)
				}
			}
			h.now.Add(time.Hour) // forget the failure above
		}
	})
}

func TestGuessingIsSlowedDown(t *testing.T) {
	testkit.Each(t, slowedDown)
}

func slowedDown(t *testing.T, d *db.DB) {
	h, ctx := newHouse(t, d), t.Context()
	h.user("mei")
	ring, err := secret.Parse(secret.Generate())
	if err != nil {
		t.Fatal(err)
	}
	next := auth.New(d, event.NewLog(d, h.now), h.now, ring, auth.Options{Cost: auth.Cost{MemoryKiB: 64, Passes: 1}}) // another server process on the same database
	failures := func() (n int) {
		t.Helper()
		if err := d.Read.Raw("SELECT COUNT(*) FROM login_failures").Scan(&n).Error; err != nil {
			t.Fatal(err)
		}
		return n
	}
	try := func(user, pw, address string) error {
		_, err := h.Login(ctx, user, pw, address)
		return err
	}
	for range 5 {
		code(t, try("mei", "wrong password", "10.0.0.1"), "login_failed")
	}
	code(t, try("mei", password, "10.0.0.1"), "too_many_tries") // even the right one
	_, err = next.Login(ctx, "mei", password, "10.0.0.1")
	code(t, err, "too_many_tries") // and at the other server
	before := failures()
	if err := try("mei", password, "10.0.0.2"); err != nil {
		t.Errorf("another address is locked out: %v", err)
	}
	h.now.Add(2 * time.Second)
	if err := try("mei", password, "10.0.0.1"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	if n := failures(); n != before-1 {
		t.Errorf("%d rows of failures were %d: a log-in clears its own and writes nothing else", n, before)
	}
	h.now.Add(2 * time.Hour) // whoever fails now clears away what is forgotten
	code(t, try("mei", "wrong password", "10.0.0.3"), "login_failed")
	if n := failures(); n != 2 {
		t.Errorf("%d rows are left of a name and an address", n)
	}
	for n := range 200 { // an address that tries every name
		if err := try(fmt.Sprint("user", n), "wrong password", "10.9.9.9"); fault.Code(err) == "too_many_tries" {
			if n < 40 || n > 60 {
				t.Errorf("one address stopped after %d names", n)
			}
			return
		}
	}
	t.Error("one address may try every name")
}

func TestPasswords(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d), t.Context()
		for pw, want := range map[string]string{"short": "password_short", strings.Repeat("x", 257): "password_long"} {
			_, err := h.CreateUser(ctx, auth.NewUser{Username: "li", Password: pw})
			code(t, err, want)
		}
		for name, want := range map[string]string{"": "username_invalid", "-x": "username_invalid", "a b": "username_invalid", "李": "username_invalid"} {
			_, err := h.CreateUser(ctx, auth.NewUser{Username: name, Password: password})
			code(t, err, want)
		}
		h.user("li")
		_, err := h.CreateUser(ctx, auth.NewUser{Username: "LI", Password: password})
		code(t, err, "username_taken")
		_, err = h.CreateUser(ctx, auth.NewUser{Username: "wu", Password: password, Grants: []auth.Grant{{Role: "king"}}})
		code(t, err, "role_invalid")
		_, err = h.UserNamed(ctx, "wu")
		code(t, err, "user_not_found") // not half a user
		// A hash of an older cost is renewed at the next log-in and still opens.
		old := h.hashes()
		stronger := auth.New(d, event.NewLog(d, h.now), h.now, nil, auth.Options{Cost: auth.Cost{MemoryKiB: 128, Passes: 1}})
		if _, err := stronger.Login(ctx, "li", password, "a"); err != nil {
			t.Fatal(err)
		}
		if fresh := h.hashes(); fresh == old || !strings.Contains(fresh, "m=128") {
			t.Errorf("hash %s", fresh)
		}
		if _, err := h.Login(ctx, "li", password, "a"); err != nil {
			t.Error(err)
		}
		h.exec("UPDATE users SET password_hash = 'x'")
		if _, err := h.Login(ctx, "li", "x", "a"); err == nil {
			t.Error("a damaged hash opens")
		}
	})
}

func (h *house) hashes() (out string) {
	h.t.Helper()
	if err := h.d.Read.Raw("SELECT password_hash FROM users").Scan(&out).Error; err != nil {
		h.t.Fatal(err)
	}
	return out
}

func TestBadges(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d), t.Context()
		u := h.user("mei")
		badge, err := h.IssueBadge(ctx, u)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(h.stored(), badge) {
			t.Error("the badge is stored in the clear")
		}
		if got, name, err := h.Badge(ctx, strings.ToLower(badge)); err != nil || got != u || name != "MEI" {
			t.Errorf("%d %q %v", got, name, err)
		}
		again, err := h.IssueBadge(ctx, u)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{badge, "", "x"} {
			_, _, err := h.Badge(ctx, bad)
			code(t, err, "badge_unknown")
		}
		if err := h.RevokeBadge(ctx, u); err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Badge(ctx, again)
		code(t, err, "badge_unknown")
		code(t, h.SetBadge(ctx, u, "1234"), "badge_short")
	})
}

// One code, many stations that try it at once: exactly one gets in.
func TestEnrolmentCodeWorksOnce(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d), t.Context()
		one := id.Code()
		st, expires, err := h.CreateStation(ctx, auth.NewStation{Name: "dock 1", Bench: 1, Code: one})
		if err != nil || !expires.Equal(start.Add(auth.EnrolWithin)) {
			t.Fatal(expires, err)
		}
		var in atomic.Int64
		tokens := make(chan string, 8)
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				token, s, err := h.Enrol(ctx, strings.ToLower(one), "host", fmt.Sprint("10.0.0.", n))
				if err == nil {
					in.Add(1)
					tokens <- token
					if s.ID != st || s.Bench != 1 || s.Warehouse != 1 {
						t.Errorf("%+v", s)
					}
				} else if fault.Code(err) != "enrol_code" {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if in.Load() != 1 {
			t.Fatalf("%d stations enrolled with one code", in.Load())
		}
		token := <-tokens
		if all := h.stored(); strings.Contains(all, token) || strings.Contains(all, one) {
			t.Error("token or code is stored in the clear")
		}
		if s, err := h.Station(ctx, token); err != nil || s.ID != st {
			t.Errorf("%+v, %v", s, err)
		}
		// A new code for the same station replaces the token.
		two := id.Code()
		again, _, err := h.CreateStation(ctx, auth.NewStation{Name: "dock 1", Bench: 1, Code: two})
		if err != nil || again != st {
			t.Fatalf("station %d, want %d: %v", again, st, err)
		}
		fresh, _, err := h.Enrol(ctx, two, "host", "x")
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Station(ctx, token)
		code(t, err, "station_unknown")
		// Expired, and revoked.
		three := id.Code()
		if _, _, err := h.CreateStation(ctx, auth.NewStation{Name: "dock 1", Bench: 1, Code: three}); err != nil {
			t.Fatal(err)
		}
		h.now.Add(auth.EnrolWithin)
		_, _, err = h.Enrol(ctx, three, "host", "y")
		code(t, err, "enrol_code")
		for range 2 {
			if err := h.RevokeStation(ctx, st, 0); err != nil {
				t.Fatal(err)
			}
		}
		_, err = h.Station(ctx, fresh)
		code(t, err, "station_unknown")
		for range 5 {
			_, _, _ = h.Enrol(ctx, "WRONG-CODE1", "host", "z")
		}
		_, _, err = h.Enrol(ctx, "WRONG-CODE1", "host", "z")
		code(t, err, "too_many_tries")
		_, _, err = h.CreateStation(ctx, auth.NewStation{Name: "x", Bench: 99, Code: id.Code()})
		code(t, err, "bench_not_found")
	})
}

func TestSilentStationsGoOffline(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d), t.Context()
		st, _, err := h.CreateStation(ctx, auth.NewStation{Name: "a", Bench: 1, Code: id.Code()})
		if err != nil {
			t.Fatal(err)
		}
		online := func() (on bool) {
			if err := d.Read.Raw("SELECT online FROM stations").Scan(&on).Error; err != nil {
				t.Fatal(err)
			}
			return on
		}
		step := func(want bool, err error) {
			t.Helper()
			if err != nil || online() != want {
				t.Errorf("online %v, %v; want %v", online(), err, want)
			}
		}
		step(true, h.StationOnline(ctx, st, "one", "v1", "[]"))
		step(true, h.StationOnline(ctx, st, "two", "v1", "[]"))
		step(true, h.StationOffline(ctx, st, "one")) // replaced: it has nothing to say any more
		h.now.Add(auth.SilentFor)
		step(true, h.StationSeen(ctx, st, "two", ""))
		step(true, h.SweepStations(ctx))
		h.now.Add(auth.SilentFor + time.Second)
		step(false, h.SweepStations(ctx))
		step(true, h.StationSeen(ctx, st, "two", "")) // it was only slow
		step(false, h.StationOffline(ctx, st, "two"))
	})
}

func TestScope(t *testing.T) {
	p := &auth.Principal{Grants: []auth.Grant{{Role: auth.Clerk, Warehouse: 1}, {Role: auth.Merchant, Owner: 7}, {Role: auth.Merchant, Owner: 8, Shop: 80}}}
	c := auth.Columns{Warehouse: "w = ?", Owner: "o = ?", Shop: "s = ?"}
	for name, x := range map[string]struct {
		scope auth.Scope
		sql   string
		args  string
	}{
		"none":     {p.Scope(auth.Admin), "1=0", "[]"},
		"clerk":    {p.Scope(auth.Clerk), "((1=1 AND w = ?))", "[1]"},
		"merchant": {p.Scope(auth.Merchant), "((1=1 AND o = ?) OR (1=1 AND o = ? AND s = ?))", "[7 8 80]"},
		"all":      {auth.Everything(), "((1=1))", "[]"},
	} {
		if sql, args := x.scope.SQL(c); sql != x.sql || fmt.Sprint(args) != x.args {
			t.Errorf("%s: %s %v", name, sql, args)
		}
	}
	if sql, _ := p.Scope(auth.Merchant).SQL(auth.Columns{Warehouse: "w = ?", Owner: "o = ?"}); sql != "((1=1 AND o = ?) OR (1=1 AND o = ? AND 1=0))" {
		t.Errorf("a thing without a shop: %s", sql)
	}
	m := p.Scope(auth.Merchant)
	for name, got := range map[string]bool{
		"own": m.Allows(1, 7, 3), "own shop": m.Allows(1, 8, 80), "no warehouse": m.Allows(0, 7, 0), "clerk": p.Scope(auth.Clerk).Allows(1, 99, 0),
		"covers": p.Scope(auth.Clerk).Covers(auth.Grant{Warehouse: 1, Owner: 3}), "site": p.Scope(auth.Clerk).Site(1) && p.Scope(auth.Clerk).Warehouse(1),
	} {
		if !got {
			t.Errorf("%s: not allowed", name)
		}
	}
	for name, got := range map[string]bool{
		"other owner": m.Allows(1, 9, 0), "unknown owner": m.Allows(1, 0, 0), "other shop": m.Allows(1, 8, 81), "other warehouse": p.Scope(auth.Clerk).Allows(2, 7, 0),
		"nothing": (auth.Scope{}).Allows(0, 0, 0), "wider": p.Scope(auth.Clerk).Covers(auth.Grant{}), "whole warehouse": m.Warehouse(1), "empty": (auth.Scope{}).Site(1),
	} {
		if got {
			t.Errorf("%s: allowed", name)
		}
	}
}
