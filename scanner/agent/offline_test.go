package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/expected"
	"github.com/backdock/backdock/scanner/guess"
	"github.com/backdock/backdock/scanner/wire"
	"github.com/backdock/backdock/scanner/wire/wiretest"
)

// warehouse is a server that awaits what awaitedPage says, and decides as told.
func warehouse(t *testing.T, decide map[string]scanner.Code) *wiretest.Server {
	t.Helper()
	server := newServer(t)
	server.Expected = func() wire.ExpectedPage { return awaitedPage("token") }
	server.View = func() *scanner.BenchView { return &scanner.BenchView{Version: 1, Kind: "receiving"} }
	server.Decide = func(s scanner.Scan) scanner.Outcome {
		o := scanner.Outcome{Verdict: scanner.Accepted, Code: scanner.CodeMatched, Tone: scanner.ToneOK}
		if code, ok := decide[s.Data]; ok {
			o = scanner.Outcome{Verdict: scanner.Attention, Code: code, Tone: scanner.ToneLow, Tote: scanner.RedTote}
		} else if strings.HasPrefix(s.Data, "SF") {
			o.Code = scanner.CodeParcelOpened
		} else if s.Data == "BD:DONE" {
			o.Code, o.Tone = scanner.CodeClosed, scanner.ToneDone
		}
		return o
	}
	return server
}

// said words the provisional answers on the page, oldest first.
func said(s State, n int) string {
	var out []string
	for i := n - 1; i >= 0; i-- {
		if p := s.Recent[i].Provisional; p != nil {
			out = append(out, strings.TrimPrefix(string(p.Code), "provisional_"))
		} else {
			out = append(out, "-")
		}
	}
	return strings.Join(out, " ")
}

func (r *rig) stocked() {
	r.Helper()
	r.until("awaited returns", func(s State) bool {
		return s.Expected.Returns == len(awaitedPage("token").Returns) && !s.Expected.Checked.IsZero()
	})
}

func (r *rig) offline() {
	r.Helper()
	r.until("offline", func(s State) bool { return !s.Link.Online })
}

func differing(s State) string {
	var out []string
	for _, d := range s.Differences.List {
		out = append(out, fmt.Sprintf("%s: %s, %s", d.Data, strings.TrimPrefix(string(d.Answer.Code), "provisional_"), d.Outcome.Code))
	}
	return strings.Join(out, " | ")
}

// The server goes, parcels are received all the same, the agent is restarted in between and knows where it was. When the server is back everything has arrived
// once, and what it judges otherwise stands on the page, through another restart, until somebody deals with it.
func TestOfflineDay(t *testing.T) {
	t.Parallel()
	server := warehouse(t, map[string]scanner.Code{"OWN-TEE": scanner.CodeWrongItem})
	g := newGun(t)
	dir := t.TempDir()
	r := newRig(t, dir, server, g.url(""))
	r.stocked()
	g.send("\r")
	g.scan("SF1000000000003") // online: no guess is kept of it
	r.settled()
	server.Stop()
	r.offline()
	for _, code := range []string{"SF1000000000001", "OWN-TEE", "HAT"} {
		g.scan(code)
	}
	if got := said(r.until("three scans", func(s State) bool { return s.Link.Queued == 3 }), 3); got != "parcel match not_expected" {
		t.Errorf("before the restart: %s", got)
	}
	r.stop()
	r = newRig(t, dir, server, g.url(""))
	if s := r.agent.State(); s.Link.Online || said(s, 3) != "parcel match not_expected" || s.View == nil {
		t.Errorf("after the restart: %s, view %v", said(s, 3), s.View)
	}
	g.send("\r")
	for _, code := range []string{"TEE-L", "BD:DONE", "SF1000000000001", "SF1000000000002"} {
		g.scan(code)
	}
	if got := said(r.until("seven scans", func(s State) bool { return s.Link.Queued == 7 }), 7); got != "parcel match not_expected match closed received parcel" {
		t.Errorf("after the restart: %s", got)
	}
	if s := r.agent.State(); s.Differences.All != 0 {
		t.Errorf("differences before anybody knows better: %s", differing(s))
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	s := r.settled()
	// HAT was matched by this server; the closed parcel's waybill opened it.
	const want = "OWN-TEE: match, wrong_item | HAT: not_expected, matched | SF1000000000001: received, parcel_opened"
	if got := differing(s); got != want || s.Differences.All != 3 {
		t.Fatalf("differences\n%s\nwant\n%s", got, want)
	}
	if n := len(server.Scans()); n != 8 {
		t.Errorf("%d scans arrived", n)
	}
	if said(s, 8) != "- - - - - - - -" {
		t.Errorf("provisional answers stay beside outcomes: %s", said(s, 8))
	}
	first := s.Differences.List[0]
	r.agent.settle(first.Producer, first.Seq)
	r.agent.settle(first.Producer, first.Seq)
	r.stop()
	r = newRig(t, dir, server, g.url(""))
	r.until("online", func(s State) bool { return s.Link.Online })
	if got := differing(r.agent.State()); got != strings.SplitN(want, " | ", 2)[1] {
		t.Errorf("after settling and a restart: %s", got)
	}
}

// The process ends after outcomes were stored and before they were compared: the next start compares them.
func TestComparedAfterTheNextStart(t *testing.T) {
	t.Parallel()
	server := warehouse(t, map[string]scanner.Code{"TEE-L": scanner.CodeWrongItem})
	g := newGun(t)
	dir := t.TempDir()
	r := newRig(t, dir, server, g.url(""))
	r.stocked()
	server.Stop()
	r.offline()
	g.send("\r")
	g.scan("SF1000000000001")
	g.scan("TEE-L")
	r.until("two scans", func(s State) bool { return s.Link.Queued == 2 })
	r.stop()
	book, err := os.ReadFile(filepath.Join(dir, guess.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, dir, server, g.url(""))
	if s := r.settled(); s.Differences.All != 1 {
		t.Fatalf("differences: %s", differing(s))
	}
	r.stop()
	// As if the book's last entries had not been written.
	if err := os.WriteFile(filepath.Join(dir, guess.FileName), book, 0o600); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, dir, server, g.url(""))
	if s := r.agent.State(); differing(s) != "TEE-L: match, wrong_item" {
		t.Errorf("differences: %s", differing(s))
	}
}

// A damaged list is thrown away and fetched again; a bench that cannot fetch it says nothing rather than something wrong.
func TestDamagedList(t *testing.T) {
	t.Parallel()
	server := warehouse(t, nil)
	g := newGun(t)
	dir := t.TempDir()
	r := newRig(t, dir, server, g.url(""))
	r.stocked()
	r.stop()
	path := filepath.Join(dir, expected.FileName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	r = newRig(t, dir, server, g.url(""))
	g.send("\r")
	g.scan("SF1000000000001")
	if s := r.until("a scan", func(s State) bool { return s.Link.Queued == 1 }); said(s, 1) != "unknown" || s.Expected.Returns != 0 {
		t.Errorf("with a damaged list: %s, %+v", said(s, 1), s.Expected)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	r.stocked()
}

// The journal was a copy and is renewed: what was said about its scans is compared under their new names.
func TestDifferencesOfARenewedJournal(t *testing.T) {
	t.Parallel()
	server := warehouse(t, map[string]scanner.Code{"TEE-L": scanner.CodeWrongItem})
	g := newGun(t)
	dir, copied := t.TempDir(), t.TempDir()
	r := newRig(t, dir, server, g.url(""))
	r.stocked()
	r.stop()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, dir, server, g.url(""))
	g.send("\r")
	g.scan("the original goes on")
	r.settled()
	r.stop()
	server.Stop()
	r = newRig(t, copied, server, g.url(""))
	g.send("\r")
	g.scan("SF1000000000001")
	g.scan("TEE-L")
	r.until("two scans", func(s State) bool { return s.Link.Queued == 2 })
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	s := r.until("a difference", func(s State) bool { return s.Differences.All > 0 && s.Link.Queued == 0 })
	if d := s.Differences.List[0]; differing(s) != "TEE-L: match, wrong_item" || d.Producer != s.Recent[0].Producer || d.Seq != 2 {
		t.Errorf("differences: %s of %s/%d, the journal is %s", differing(s), d.Producer, d.Seq, s.Recent[0].Producer)
	}
}
