package demo

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/internal/testkit"
)

// kills is how many deaths of each kind a run has: enough to meet every process and point in `make test`, a thousand in `make soak`; BACKDOCK_SOAK can name a
// number of its own.
func kills() int {
	soak := os.Getenv("BACKDOCK_SOAK")
	if n, err := strconv.Atoi(soak); err == nil && n > 1 {
		return n
	}
	if soak != "" {
		return 1000
	}
	return 20
}

// A server, an agent and a bank as processes of their own die at any moment while a clerk works; what beeped is counted once, and money moves once.
func TestCrashAtRandom(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		rng := rand.New(rand.NewPCG(seedOf(t), 1))
		for n := range kills() {
			victim := r.procs[rng.IntN(len(r.procs))]
			r.duringParcel(func() {
				sleep(t.Context(), time.Duration(rng.IntN(150))*time.Millisecond)
				victim.kill()
				victim.start("")
			})
			if r.cluster != nil && n%50 == 19 {
				r.duringParcel(func() {
					r.must(r.cluster.Halt())
					r.must(r.cluster.Start())
				})
			}
			if t.Failed() {
				t.Fatalf("failed after %d kills, the last of the %s", n+1, victim.name)
			}
		}
		r.settled()
	})
}

// Each place where a commit or a sync begins or ends is a place to die: the process does so by itself, with SIGKILL.
func TestCrashAtEveryKillPoint(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		hit := map[string]int{}
		rounds := (kills() + len(points()) - 1) / len(points())
		for range rounds {
			for _, name := range points() {
				victim := r.owner(name)
				victim.kill()
				before := victim.died()
				victim.start(name + ":1")
				for tries := 0; tries < 3 && victim.died() == before; tries++ {
					r.duringParcel(func() {})
					r.passes(func() bool { return victim.died() > before })
				}
				if victim.died() == before {
					t.Errorf("kill point %s was never hit", name)
				} else {
					hit[name]++
				}
				if !victim.alive() {
					victim.start("")
				}
			}
		}
		if len(hit) != len(points()) {
			t.Errorf("%d of %d points were hit", len(hit), len(points()))
		}
		r.settled()
	})
}

// points are the kill points that an ordinary day passes: a new producer is made only after a disk was restored (scanner/journal and uplink test those), and a
// payment notice reaches its points in receiving/aftersales/refund; no scan of an ordinary day is parked. The benches here have no printer and are hardly ever
// cut off: scanner/agent dies at the points of printing, scanner/expected and scanner/guess at those of judging without the server; photos and videos die in
// TestEvidenceSurvivesKills.
func points() []string {
	var out []string
	for _, n := range killpoint.Names {
		switch {
		case n == "self.test", n == "journal.carried", n == "journal.renewed", n == "desk.before_park", strings.HasPrefix(n, "refund.notic"):
		case strings.HasPrefix(n, "print."), strings.HasPrefix(n, "expected."), strings.HasPrefix(n, "guess."), strings.HasPrefix(n, "evidence."):
		default:
			out = append(out, n)
		}
	}
	return out
}

func onBoth(t *testing.T, fn func(t *testing.T, r *rig)) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			var cluster *testkit.Cluster
			url := ""
			if dialect == db.Postgres {
				var err error
				if cluster, err = testkit.StartCluster(); err != nil { // durable: no switch is off
					t.Fatal(err)
				}
				t.Cleanup(cluster.Stop)
				url = testkit.FreshPostgres(t, cluster.URL)
			} else {
				url = testkit.URL(t, dialect)
			}
			fn(t, newRig(t, url, cluster))
		})
	}
}

// within bounds a wait.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
