package wechatpay_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/backdock/backdock/internal/sandbox/wechatpay"
)

// child is this test binary as a simulator that will be killed. It ends with its parent, too.
func child(dir string) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	keys, err := wechatpay.Load(os.Getenv("WECHATPAY_KEYS"))
	fail(err)
	s, err := wechatpay.New(wechatpay.Config{Keys: keys, State: filepath.Join(dir, "log"), Behaviour: &wechatpay.Behaviour{SettleAfterMS: 1, Outcome: wechatpay.Success}})
	fail(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fail(err)
	fmt.Println(l.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); cancel() }()
	fail(s.Serve(ctx, l))
}

type victim struct {
	cmd  *exec.Cmd
	base string
}

func spawn(t *testing.T, dir string) *victim {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "WECHATPAY_CHILD="+dir, "WECHATPAY_KEYS="+keyFolder)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // open until the test ends
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the child did not start: %v", err)
	}
	return &victim{cmd, "http://" + strings.TrimSpace(line)}
}

func (v *victim) kill(t *testing.T) {
	t.Helper()
	if err := v.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = v.cmd.Wait() // "signal: killed" is what was asked for
}

// acknowledged is what the simulator has promised: out_refund_no → refund_id.
type acknowledged struct {
	sync.Mutex
	ids  map[string]string
	left int // answers until the kill
}

// note keeps a promise; true when it is time to kill.
func (a *acknowledged) note(t *testing.T, no, refundID string) bool {
	a.Lock()
	defer a.Unlock()
	if known, ok := a.ids[no]; ok && known != refundID {
		t.Errorf("%s was %s and is now %s", no, known, refundID)
	}
	a.ids[no] = refundID
	a.left--
	return a.left == 0
}

// TestKilledAtRandomMoments kills the simulator under concurrent requests that share their numbers. However it dies, a number moves money at most once,
// what was acknowledged is still there, and a payment is never overdrawn. BACKDOCK_SOAK makes it longer.
func TestKilledAtRandomMoments(t *testing.T) {
	t.Parallel()
	rounds := 6
	if os.Getenv("BACKDOCK_SOAK") != "" {
		rounds = 300
	}
	seed := uint64(os.Getpid())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	promised := &acknowledged{ids: map[string]string{}}
	for round := range rounds {
		v := spawn(t, dir)
		check(t, v, promised)
		tx := fmt.Sprintf("TX%d", round)
		if got := admin(t, v.base, "POST", "/_sim/payments", fmt.Sprintf(`{"transaction_id":%q,"out_trade_no":%q,"total":1000}`, tx, "O-"+tx), nil); got != 201 {
			t.Fatalf("seed payment: %d", got)
		}
		promised.left = 1 + dice.IntN(80)
		storm(t, v, promised, tx)
		v.kill(t)
	}
	v := spawn(t, dir)
	defer v.kill(t)
	check(t, v, promised)
	if len(promised.ids) < rounds {
		t.Fatalf("only %d refunds were acknowledged in %d rounds", len(promised.ids), rounds)
	}
}

// storm posts fifteen numbers of 100 on a payment of 1000 from eight goroutines until the simulator dies.
func storm(t *testing.T, v *victim, promised *acknowledged, tx string) {
	var wg sync.WaitGroup
	for w := range 8 {
		m := newMerchant(t, v.base)
		wg.Go(func() {
			defer m.http.CloseIdleConnections()
			for i := 0; ; i++ {
				no := fmt.Sprintf("%s-R%d", tx, (i+w/4)%15) // four goroutines at a time meet on one number
				a, err := m.call(context.Background(), "POST", refunds, body(tx, no, 100, 1000))
				if err != nil {
					return // killed
				}
				switch {
				case a.status == 200 && promised.note(t, no, a.field("refund_id")):
					_ = v.cmd.Process.Kill()
				case a.status != 200 && a.field("code") != "INVALID_REQUEST":
					t.Errorf("%s: %d %s", no, a.status, a.body)
				}
			}
		})
	}
	wg.Wait()
}

// check compares what was promised with what the restarted simulator knows.
func check(t *testing.T, v *victim, promised *acknowledged) {
	t.Helper()
	var c wechatpay.Counters
	admin(t, v.base, "GET", "/_sim/counters", "", &c)
	for no, n := range c.Moved {
		if n != 1 {
			t.Errorf("%s moved money %d times", no, n)
		}
	}
	for tx, d := range c.Transactions {
		if d.Held > d.Total || d.Refunded > d.Held || d.Refunded%100 != 0 {
			t.Errorf("%s: %+v", tx, d)
		}
	}
	var kept struct{ Items []wechatpay.Refund }
	admin(t, v.base, "GET", "/_sim/refunds", "", &kept)
	ids := map[string]string{}
	for _, r := range kept.Items {
		if ids[r.OutRefundNo] != "" {
			t.Errorf("%s is there twice", r.OutRefundNo)
		}
		ids[r.OutRefundNo] = r.RefundID
	}
	m := newMerchant(t, v.base)
	defer m.http.CloseIdleConnections()
	asked := 0
	for no, refundID := range promised.ids {
		if ids[no] != refundID {
			t.Errorf("%s was acknowledged as %s, now it is %q", no, refundID, ids[no])
		}
		if asked++; asked > 20 { // the signed road for some, whichever the map gives
			continue
		}
		if a := m.query(t, no); a.status != 200 || a.field("refund_id") != refundID {
			t.Errorf("%s was acknowledged as %s, now: %d %s", no, refundID, a.status, a.body)
		}
	}
}
