package demo

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
)

// seedOf is the seed of a random run: printed, and taken from BACKDOCK_SEED to repeat one.
func seedOf(t *testing.T) uint64 {
	seed, err := strconv.ParseUint(os.Getenv("BACKDOCK_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d: repeat with BACKDOCK_SEED=%d", seed, seed)
	return seed
}

// newPair is a rig with a second server on the same PostgreSQL; both start at once, as after a power cut.
func newPair(t *testing.T, seed func(r *rig)) (r *rig, other *proc) {
	t.Helper()
	url := testkit.URL(t, db.Postgres)
	r = stageRig(t, url, nil)
	r.server, other = r.serve("server A", url), r.serve("server B", url)
	r.open(url)
	seed(r)
	_, err := r.keeper.CreateUser(t.Context(), auth.NewUser{Username: "boss", Password: Password, Grants: []auth.Grant{{Role: auth.Manager}, {Role: auth.Admin}}})
	r.must(err)
	started := make(chan struct{})
	go func() { other.start(""); close(started) }()
	r.server.start("")
	<-started
	r.procs = []*proc{r.server, other, r.sim}
	return r, other
}

// A bench works at server A, which dies again and again. Boards follow at server B over a cable that breaks, and at whichever server answers: each sees every event
// of the log once, in its order.
func TestCrashBoardsSeeEveryEventOnce(t *testing.T) {
	r, other := newPair(t, (*rig).more)
	seed := seedOf(t)
	rng := rand.New(rand.NewPCG(seed, 2))
	r.takeBench(r.server.address)
	ctx := within(t, time.Hour)
	cable, roaming := newRelay(t, seed, other.address), newRelay(t, seed+1, r.server.address, other.address)
	atB, anywhere := r.watch(ctx, other.address, cable.address()), r.watch(ctx, other.address, roaming.address())
	for range kills() {
		r.duringParcel(func() {
			_ = sleep(ctx, time.Duration(rng.IntN(150))*time.Millisecond)
			r.server.kill()
			r.server.start("")
			cable.cut()
			if rng.IntN(2) == 0 {
				roaming.cut()
			}
		})
		if t.Failed() {
			t.FailNow()
		}
	}
	r.settled()
	end, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r.sawAll(end, "board at B", atB)
	r.sawAll(end, "roaming board", anywhere)
	if atB.dials < kills()/2 || anywhere.dials < kills()/4 {
		t.Errorf("the boards came back %d and %d times only", atB.dials, anywhere.dials)
	}
}

// An agent's line breaks in the middle of frames and comes back at the other server, again and again, while the clerk scans and servers die: each scan that beeped has
// one outcome, each piece one unit.
func TestCrashBenchMovesBetweenServers(t *testing.T) {
	r, other := newPair(t, (*rig).more)
	seed := seedOf(t)
	rng := rand.New(rand.NewPCG(seed, 3))
	cable := newRelay(t, seed, r.server.address, other.address)
	r.takeBench(cable.address())
	took := map[string]float64{}
	for n := 0; cable.cuts.Load() < int64(2*kills()); n++ {
		r.duringParcel(func() {
			cable.live()
			_ = sleep(t.Context(), time.Duration(rng.IntN(80))*time.Millisecond)
			cable.cut()
			if n%8 == 7 { // and now and then the server itself
				victim := r.procs[rng.IntN(2)]
				took[victim.name] += scansOf(t, victim)
				victim.kill()
				victim.start("")
			}
		})
		if t.Failed() {
			t.FailNow()
		}
	}
	cable.calm.Store(true)
	cable.cut()
	r.settled()
	for _, s := range r.procs[:2] {
		if took[s.name] += scansOf(t, s); took[s.name] == 0 {
			t.Errorf("%s answered no scan: the bench never moved", s.name)
		}
	}
	t.Logf("%d cuts; scans answered: %v", cable.cuts.Load(), took)
}

// Three servers start at once on an empty database: one makes the schema, all come up, and none breaks a deadlock.
func TestServersStartTogether(t *testing.T) {
	url := testkit.EmptyPostgres(t, testkit.ServerURL(t))
	r := stageRig(t, url, nil)
	var all sync.WaitGroup
	for n := range 3 {
		s := r.serve(fmt.Sprint("server ", n), url)
		r.procs = append(r.procs, s)
		all.Go(func() { s.start("") })
	}
	all.Wait()
	for _, s := range r.procs {
		res, err := http.Get("http://" + s.address + "/readyz")
		r.must(err)
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", s.name, res.Status)
		}
	}
	for _, s := range r.procs {
		s.kill()
		if log := s.log.text(); strings.Contains(log, "level=ERROR") {
			t.Errorf("%s: %s", s.name, log)
		}
	}
	if n := testkit.Deadlocks(t, url); n != 0 {
		t.Errorf("%d deadlocks:\n%s", n, testkit.DeadlockReport(t))
	}
}

var scansLine = regexp.MustCompile(`(?m)^backdock_scans_total\{[^}]*\} (\d+)`)

// scansOf asks a server how many scans it has answered since it started.
func scansOf(t *testing.T, s *proc) (n float64) {
	t.Helper()
	res, err := http.Get(fmt.Sprintf("http://%s/metrics", s.address))
	if err != nil {
		t.Error(err)
		return 0
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	for _, m := range scansLine.FindAllSubmatch(b, -1) {
		v, _ := strconv.ParseFloat(string(m[1]), 64)
		n += v
	}
	return n
}
