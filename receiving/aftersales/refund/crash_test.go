package refund_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/killpoint"
	sim "github.com/backdock/backdock/internal/sandbox/wechatpay"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/aftersales/refund"
)

// child is the server that crash tests kill: it drives what it finds in the database until every refund has succeeded, then ends with 0.
func child() int {
	fail := func(err error) int { fmt.Fprintln(os.Stderr, err); return 1 }
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	d, err := db.Open(ctx, os.Getenv("REFUND_CHILD"), db.Options{MaxConns: 12})
	if err != nil {
		return fail(err)
	}
	defer d.Close()
	callbacks, err := net.Listen("tcp", os.Getenv("REFUND_CALLBACKS"))
	if err != nil {
		return fail(err)
	}
	s, wait, err := openShop(ctx, d, os.Getenv("REFUND_KEYS"), os.Getenv("REFUND_WORLD"), callbacks)
	if err != nil {
		return fail(err)
	}
	for {
		woken := s.log.Woken()
		var open int64
		if err := d.Read.WithContext(ctx).Model(&refund.Refund{}).Where("state <> ?", refund.StateSucceeded).Count(&open).Error; err != nil {
			return fail(err)
		}
		if open == 0 {
			cancel()
			wait()
			return 0
		}
		select {
		case <-woken:
		case <-ctx.Done():
			return fail(fmt.Errorf("%d refunds have not succeeded", open))
		}
	}
}

type crash struct {
	t   *testing.T
	env []string
}

// run starts a child, armed with a kill point or not, and returns how it ended.
func (c *crash) run(arm string) error {
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(append(os.Environ(), c.env...), killpoint.Env+"="+arm)
	out, err := cmd.CombinedOutput()
	if len(out) > 0 {
		c.t.Logf("%s: %s", arm, out)
	}
	return err
}

// A server is killed at every place where it matters, at its first and at a later passage, and another goes on with what the disk holds. Every refund is paid
// once, by the other side's ledger.
func TestCrashAtEveryPoint(t *testing.T) {
	var names []string
	for _, n := range killpoint.Names {
		if strings.HasPrefix(n, "refund.") {
			names = append(names, n)
		}
	}
	passages := []int{1, 4}
	if os.Getenv("BACKDOCK_SOAK") != "" {
		passages = []int{1, 2, 3, 4, 5, 6, 7, 8}
	}
	for _, dialect := range []db.Dialect{db.Postgres, db.SQLite} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			url := testkit.URL(t, dialect)
			d, err := db.Open(t.Context(), url, db.Options{MaxConns: 4})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			b := newBed(t, d, 1<<40)
			b.now()
			s, address := world(t, sim.Behaviour{SettleAfterMS: 30, Outcome: sim.Success, Callbacks: true})
			c := &crash{t: t, env: []string{"REFUND_CHILD=" + url, "REFUND_KEYS=" + keyFolder, "REFUND_WORLD=" + address, "REFUND_CALLBACKS=" + freeAddress(t)}}
			for _, name := range names {
				for _, n := range passages {
					for _, claim := range b.sell(s, 6) {
						b.mustAsk(refund.ForCase(claim.id))
					}
					arm := fmt.Sprintf("%s:%d", name, n)
					err := c.run(arm)
					exit, ok := err.(*exec.ExitError)
					if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
						t.Fatalf("%s: the server ended with %v, not by the kill", arm, err)
					}
					if err := c.run(""); err != nil {
						t.Fatalf("after %s: %v", arm, err)
					}
					b.agree(s)
				}
			}
			if got := b.states()[refund.StateSucceeded]; got != 6*len(names)*len(passages) {
				t.Fatalf("%d refunds succeeded", got)
			}
		})
	}
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
