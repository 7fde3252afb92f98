package agent

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner"
)

// hand scans one scanner's codes, one after the other, and scans again what did not beep.
type hand struct {
	*gun
	name   string
	beeped []string
}

func (h *hand) code() string { return fmt.Sprintf("%s code %d", h.name, len(h.beeped)) }

// work scans until n codes have beeped or the agent is dead.
func (h *hand) work(p *process, n int, beeps *atomic.Int64) {
	for len(h.beeped) < n {
		code := h.code()
		if !shoot(h.gun, p, code) {
			return
		}
		h.beeped = append(h.beeped, code)
		beeps.Add(1)
	}
}

// pageWorks loads the station page as a browser does that was just opened, and returns what it shows.
func pageWorks(t *testing.T, dir string) State {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		state, err := Status(t.Context(), dir)
		if err == nil {
			page := runningPage(t, dir)
			browser := &http.Client{Jar: jar, Timeout: 20 * time.Second}
			defer browser.CloseIdleConnections()
			for _, path := range []string{"/", "/agent/state"} {
				res, err := browser.Get(page + path)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || res.StatusCode != http.StatusOK || len(body) == 0 {
					t.Fatalf("GET %s: %s, %d bytes, %v", path, res.Status, len(body), err)
				}
			}
			return state
		}
		if time.Now().After(deadline) {
			t.Fatalf("no page: %v", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func pageUntil(t *testing.T, dir string, ok func(State) bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Minute); !ok(pageWorks(t, dir)); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the page never showed what was waited for")
		}
	}
}

func runningPage(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, StatusFile))
	var r Running
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r.Page
}

// The server is gone for thousands of scans on three scanners, and the agent is killed again and again meanwhile. The page loads and shows provisional answers
// in every life. When the server is back everything that beeped has arrived once, in order, with plates of its own.
func TestKilledWhileTheServerIsGone(t *testing.T) {
	total, lives := 1_000, 5
	if os.Getenv("BACKDOCK_SOAK") != "" {
		total, lives = 10_000, 20
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 8))
	server := warehouse(t, nil)
	dir := t.TempDir()
	hands := make([]*hand, 3)
	var guns []*gun
	for i := range hands {
		hands[i] = &hand{gun: newGun(t), name: string(rune('a' + i))}
		guns = append(guns, hands[i].gun)
	}
	p := launchAll(t, dir, server, "", nil, guns...)
	if !p.up() {
		t.Fatalf("the first life ended: %v", p.err)
	}
	// Plates and the list of what is awaited come while the server is there.
	pageUntil(t, dir, func(s State) bool { return s.PlatesLeft > 0 && s.Expected.Returns > 0 })
	server.Stop()
	pageUntil(t, dir, func(s State) bool { return !s.Link.Online })
	var beeps atomic.Int64
	for life := 1; ; life++ {
		quota := len(hands[0].beeped) + len(hands[1].beeped) + len(hands[2].beeped)
		last := life > lives
		until := total/3 + 1
		if !last {
			until = min(until, quota/3+total/lives/3+1)
		}
		killAt := beeps.Load() + 1 + dice.Int64N(int64(total/lives/2))
		var working sync.WaitGroup
		for _, h := range hands {
			working.Go(func() { h.work(p, until, &beeps) })
		}
		if s := pageWorks(t, dir); s.Link.Online || slices.ContainsFunc(s.Recent, func(l LocalScan) bool { return l.Provisional == nil }) {
			t.Errorf("life %d: the page shows %+v, %+v", life, s.Link, s.Recent)
		}
		if last {
			working.Wait()
			break
		}
		for beeps.Load() < killAt {
			time.Sleep(time.Millisecond)
		}
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-p.ended
		working.Wait()
		p = launchAll(t, dir, server, "", nil, guns...)
		if !p.up() {
			t.Fatalf("life %d ended: %v\n%s", life+1, p.err, p.log.String())
		}
	}
	if s := pageWorks(t, dir); s.Link.Queued < total {
		t.Errorf("%d scans wait, %d beeped", s.Link.Queued, beeps.Load())
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var want int
	for _, h := range hands {
		want += len(h.beeped)
	}
	if err := server.WaitScans(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	pageUntil(t, dir, func(s State) bool { return s.Link.Queued == 0 })
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if <-p.ended; p.err != nil {
		t.Fatalf("the last life ended with %v\n%s", p.err, p.log.String())
	}
	arrivedOnce(t, server.Scans(), hands)
	t.Logf("%d lives, %d codes beeped, %d scans arrived", lives+1, want, len(server.Scans()))
}

// arrivedOnce checks what the server has against what beeped.
func arrivedOnce(t *testing.T, scans []scanner.Scan, hands []*hand) {
	t.Helper()
	counted, plates := map[string]int{}, map[string]bool{}
	order := map[string][]string{}
	for i, s := range scans {
		if s.Seq != uint64(i+1) {
			t.Fatalf("place %d has seq %d", i, s.Seq)
		}
		if s.Plate == "" || plates[s.Plate] {
			t.Errorf("scan %d has plate %q", s.Seq, s.Plate)
		}
		plates[s.Plate] = true
		if s.Has(scanner.RepeatAfterRestart) {
			continue
		}
		counted[s.Data]++
		name, _, _ := strings.Cut(s.Data, " ")
		order[name] = append(order[name], s.Data)
	}
	for _, h := range hands {
		for _, code := range h.beeped {
			if counted[code] != 1 {
				t.Errorf("%q beeped and is counted %d times", code, counted[code])
			}
		}
		if got := order[h.name]; strings.Join(got, "|") != strings.Join(h.beeped, "|") {
			t.Errorf("scanner %s: %d codes in another order than the %d that beeped", h.name, len(got), len(h.beeped))
		}
	}
}
