package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/intake/sample"
	"github.com/backdock/backdock/receiving/audit"
)

// rig is the three processes and the clerk at the pty.
type rig struct {
	t       *testing.T
	bank    *bank
	sim     *proc
	server  *proc
	agent   *proc
	procs   []*proc
	cluster *testkit.Cluster
	db      *db.DB // the test's own eyes
	page    string
	dir     string
	bin     string

	master, slave *os.File
	beeps         chan byte
	im            *intake.Importer
	keeper        *auth.Keeper
	days          int
	began         time.Time
	parcels       [][]sample.Step
	beeped        []string // data of each scan that beeped, in order
	pieces        int
	worked        int64 // parcels whose last scan beeped
}

const (
	good = 0x06
	bad  = 0x15
)

func newRig(t *testing.T, url string, cluster *testkit.Cluster) *rig {
	t.Helper()
	r := stageRig(t, url, cluster)
	r.server = r.serve("server", url)
	r.seed(url)
	r.server.start("")
	r.takeBench(r.server.address)
	r.procs = []*proc{r.server, r.agent, r.sim}
	return r
}

// stageRig opens the scanner and starts the bank.
func stageRig(t *testing.T, url string, cluster *testkit.Cluster) *rig {
	t.Helper()
	r := &rig{t: t, began: time.Now(), cluster: cluster, beeps: make(chan byte, 1024), dir: t.TempDir(), bin: programs(t)}
	t.Setenv("BACKDOCK_BIN", r.bin)
	r.openScanner()
	r.openSim()
	return r
}

// serve is a server, not started yet. Several may serve one PostgreSQL.
func (r *rig) serve(name, url string) *proc {
	listen := r.port()
	return r.proc(name, filepath.Join(r.bin, "backdock"), listen, "--log-level", "warn", "serve", "--listen", listen, "--data", r.dir, "--database", url,
		"--payments", r.bank.payments, "--min-gap", "1ms", "--poll", "100ms", "--retry", "50ms", "--lease", "6s")
}

// takeBench enrols the station at a server's address and starts its agent.
func (r *rig) takeBench(address string) {
	r.page = r.port()
	station := filepath.Join(r.dir, "station")
	r.enrol(address, station)
	r.agent = r.proc("agent", filepath.Join(r.bin, "station"), r.page, "run", "--data", station, "--page", r.page, "--log", "warn",
		"--device", fmt.Sprintf("serial://%s?baud=9600&suffix=cr&good=%02x&bad=%02x", r.slave.Name(), good, bad))
	// The kernel forgets exclusive use of a port with its last descriptor, and the test holds one.
	r.agent.before = func() { r.must(unix.IoctlSetInt(int(r.slave.Fd()), unix.TIOCNXCL, 0)) }
	r.agent.start("")
}

// programs is the folder of the three programs: BACKDOCK_BIN, or one built for this test.
func programs(t *testing.T) string {
	if dir := os.Getenv("BACKDOCK_BIN"); dir != "" {
		return dir
	}
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir+"/", "github.com/backdock/backdock/cmd/backdock", "github.com/backdock/backdock/cmd/station",
		"github.com/backdock/backdock/cmd/sandbox").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return dir
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) port() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	r.must(err)
	defer l.Close()
	return l.Addr().String()
}

func (r *rig) proc(name, path, address string, args ...string) *proc {
	p := &proc{t: r.t, name: name, path: path, address: address, args: args, up: func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	}}
	r.t.Cleanup(func() {
		if p.cmd != nil {
			p.kill()
		}
	})
	return p
}

func (r *rig) openScanner() {
	var err error
	r.master, r.slave, err = pty.Open()
	r.must(err)
	r.t.Cleanup(func() { r.master.Close(); r.slave.Close() })
	go func() {
		b := make([]byte, 64)
		for {
			n, err := r.master.Read(b)
			if err != nil {
				return
			}
			for _, c := range b[:n] {
				if c == good || c == bad {
					r.beeps <- c
				}
			}
		}
	}()
}

func (r *rig) openSim() {
	pay := filepath.Join(r.dir, "pay")
	out, err := exec.Command(filepath.Join(r.bin, "sandbox"), "init", pay).CombinedOutput()
	if err != nil {
		r.t.Fatalf("sandbox init: %v\n%s", err, out)
	}
	address := r.port()
	r.sim = r.proc("bank", filepath.Join(r.bin, "sandbox"), address, "wechatpay", "--dir", pay, "--listen", address, "--settle-after", "20ms", "--backoff", "100ms,1s,2s")
	r.sim.start("")
	r.bank = &bank{url: "http://" + address}
	raw, err := os.ReadFile(filepath.Join(pay, "wechatpay.json"))
	r.must(err)
	r.must(json.Unmarshal(raw, &r.bank.keys))
	r.must(r.bank.writeAccounts(pay))
}

// seed opens the store and imports the first day.
func (r *rig) seed(url string) {
	r.open(url)
	r.more()
}

// open migrates the store, for the test's own eyes and hands.
func (r *rig) open(url string) {
	ctx := r.t.Context()
	d, err := db.Open(ctx, url, db.Options{})
	r.must(err)
	r.t.Cleanup(func() { d.Close() })
	r.must(d.Migrate(ctx))
	r.db = d
	ring, err := secret.LoadFile(filepath.Join(r.dir, "keyring"), true)
	r.must(err)
	r.keeper = auth.New(d, event.NewLog(d, clock.System{}), clock.System{}, ring, auth.Options{})
	r.im = intake.New(d, event.NewLog(d, clock.System{}), ring, intake.Hooks{})
}

// more imports a day of returns and picks the parcels of its plain scenes that never scan one code twice in a row: after a restart such a scan is a question to
// the clerk, which scanner/agent and receiving/desk test. It is called again when the clerk needs more. Each day lies a day before the last one, which gives its cases
// numbers of their own; all are counted from one moment, for a run may last past midnight.
func (r *rig) more() {
	ctx := r.t.Context()
	day := sample.Make(sample.Options{Now: r.began.AddDate(0, 0, -r.days), Account: r.bank.account(), Seed: uint64(r.days + 1)})
	r.days++
	r.must(r.im.Site(ctx, day.Site))
	for _, load := range []func() (intake.Report, error){
		func() (intake.Report, error) { return r.im.Catalogue(ctx, day.Catalogue) },
		func() (intake.Report, error) { return r.im.Orders(ctx, day.Orders) },
		func() (intake.Report, error) { return r.im.Cases(ctx, day.Cases) },
	} {
		r.must(clean("seed", load))
	}
	r.must(r.bank.seed(ctx, day.Orders))
	// Money follows each closing by itself: refunds are under way all the time.
	r.must(r.db.InTx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE policies SET refund_trigger = 'receipt_closed', auto_limit_minor = 100000000").Error
	}))
	byParcel := map[int][]sample.Step{}
	for _, s := range day.Script {
		if s.Scene == "match_1" || s.Scene == "match_few" {
			byParcel[s.Parcel] = append(byParcel[s.Parcel], s)
		}
	}
	for n := range day.Parcels + 1 {
		plain := len(byParcel[n]) > 0
		for _, s := range byParcel[n] {
			plain = plain && s.After == 0
		}
		if plain {
			r.parcels = append(r.parcels, byParcel[n])
		}
	}
}

func (r *rig) enrol(server, station string) {
	var b receiving.Bench
	r.must(r.db.Read.Where("number = 1").First(&b).Error)
	code := id.Code()
	_, _, err := r.keeper.CreateStation(r.t.Context(), auth.NewStation{Name: "crash", Bench: b.ID, Code: code})
	r.must(err)
	path, err := sibling("station")
	r.must(err)
	out, err := exec.Command(path, "--data", station, "enroll", "--server", "http://"+server, "--code", code).CombinedOutput()
	if err != nil {
		r.t.Fatalf("enroll: %v\n%s", err, out)
	}
}

// owner is the process that passes a kill point.
func (r *rig) owner(point string) *proc {
	if strings.HasPrefix(point, "desk.") || strings.HasPrefix(point, "refund.") {
		return r.server
	}
	return r.agent
}

// scan pulls the trigger until the scanner beeps. An agent that dies in the meantime is started again, as its service manager would.
func (r *rig) scan(data string) {
	for {
		for len(r.beeps) > 0 {
			<-r.beeps
		}
		if _, err := r.master.WriteString(data + "\r"); err != nil {
			r.t.Fatal(err)
		}
		select {
		case b := <-r.beeps:
			if b == good {
				r.beeped = append(r.beeped, data)
				return
			}
		case <-r.agent.done:
			r.agent.start("")
		case <-time.After(3 * time.Second): // a clerk's patience
		}
		if r.t.Context().Err() != nil {
			r.t.Fatal("out of time")
		}
	}
}

// duringParcel takes in the next parcel while act happens.
func (r *rig) duringParcel(act func()) {
	if len(r.parcels) == 0 {
		r.more()
	}
	steps := r.parcels[0]
	r.parcels = r.parcels[1:]
	var wg sync.WaitGroup
	wg.Go(act)
	for _, s := range steps {
		r.scan(s.Data)
	}
	r.pieces += len(steps) - 2 // without the waybill and DONE
	r.worked++
	wg.Wait()
	if !r.server.alive() {
		r.server.start("")
	}
}

// passes waits until what was scanned has come through to the refunds, or ok: so that a kill point on the way is passed. Outcomes cannot tell: a scan whose agent
// died between journal and beep has one too, so after many deaths there are more of them than beeps.
func (r *rig) passes(ok func() bool) {
	for range 400 {
		var closed int64
		r.must(r.db.Read.Table("parcels").Where("state = 'closed'").Count(&closed).Error)
		if ok() || closed >= r.worked && r.underWay() == 0 {
			return
		}
		r.must(sleep(r.t.Context(), 25*time.Millisecond))
	}
}

func (r *rig) underWay() (n int64) {
	r.must(r.db.Read.Table("refunds").Where("state IN ('authorized', 'sending', 'unknown', 'accepted')").Count(&n).Error)
	return n
}

// settled waits for everything to come to rest and holds the books against what the clerk did.
func (r *rig) settled() {
	r.t.Helper()
	ctx := within(r.t, 3*time.Minute)
	p, err := openPage(ctx, "http://"+r.page)
	r.must(err)
	defer p.close()
	r.must(p.until(ctx, func() bool { return p.online && p.queued == 0 }))
	for r.underWay() > 0 {
		r.must(sleep(ctx, 100*time.Millisecond))
	}
	r.everyBeepOnce()
	var units int64
	r.must(r.db.Read.Table("units").Where("state <> 'undone'").Count(&units).Error)
	if units != int64(r.pieces) {
		r.t.Errorf("%d units for %d pieces", units, r.pieces)
	}
	moved, err := r.bank.counters(ctx)
	r.must(err)
	paid := len(moved.Moved)
	if paid == 0 {
		r.t.Error("no refund moved money: the run proves nothing about it")
	}
	w := &world{server: eyes{r.db}}
	wrong, err := w.reconcile(ctx, moved.Moved)
	r.must(err)
	for _, line := range wrong {
		r.t.Error(line)
	}
	report, err := audit.Run(ctx, r.db)
	r.must(err)
	if !report.OK {
		r.t.Error(report.String())
	}
	r.t.Logf("%d scans beeped, %d pieces, %d refunds moved money", len(r.beeped), r.pieces, paid)
}

// everyBeepOnce holds the outcomes against the beeps: every scan that beeped has an outcome, in order; what stands between them was journalled and did not beep.
func (r *rig) everyBeepOnce() {
	var data []string
	r.must(r.db.Read.Table("outcomes").Order("producer, seq").Pluck("data", &data).Error)
	at := 0
	for _, d := range data {
		if at < len(r.beeped) && d == r.beeped[at] {
			at++
		}
	}
	if at != len(r.beeped) {
		r.t.Errorf("scan %d, %q, beeped and has no outcome", at, r.beeped[at])
	}
	var producers int64
	r.must(r.db.Read.Table("producers").Count(&producers).Error)
	if producers != 1 {
		r.t.Errorf("%d journals, want one", producers)
	}
}

// eyes lets reconcile look at the database.
type eyes struct{ d *db.DB }

func (e eyes) URL() string                 { return "" }
func (e eyes) DB() *db.DB                  { return e.d }
func (e eyes) Importer() *intake.Importer  { return nil }
func (e eyes) Keeper() *auth.Keeper        { return nil }
func (e eyes) Close(context.Context) error { return nil }
