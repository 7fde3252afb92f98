package desk_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/rogpeppe/go-internal/testscript"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/job"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving/aftersales/followup"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/refund"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

var update = flag.Bool("update", false, "write docs/stories.md anew")

// Days of returns as a person would tell them, each on a warehouse of its own, on both databases. They are the worked examples of docs/stories.md.
func TestStories(t *testing.T) {
	for _, dialect := range []db.Dialect{db.Postgres, db.SQLite} {
		t.Run(string(dialect), func(t *testing.T) {
			d := testkit.Open(t, dialect)
			var one sync.Mutex // the stories share a database, which is emptied for each: much quicker than making one
			testscript.Run(t, testscript.Params{
				Dir: "testdata/stories",
				Setup: func(env *testscript.Env) error {
					one.Lock()
					env.Defer(one.Unlock)
					env.Values["teller"] = newTeller(env.T().(testing.TB), d)
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"import": told((*teller).imports), "scan": told((*teller).scans), "twice": told((*teller).twice), "offline": told((*teller).offline), "lost": told((*teller).lost),
					"expect": told((*teller).expect), "qc": told((*teller).inspects), "refund": told((*teller).refunds), "stock": told((*teller).stock), "task": told((*teller).task),
					"goods": told((*teller).goods), "parcel": told((*teller).parcel), "claim": told((*teller).claim), "reopen": told((*teller).reopen), "restart": told((*teller).restart),
					"audit": told((*teller).audit),
				},
			})
		})
	}
}

// told runs a command of a story; what it returns is why the story is not true.
func told(cmd func(*teller, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		err := cmd(ts.Value("teller").(*teller), args)
		if (err != nil) != neg {
			ts.Fatalf("%s: %v", strings.Join(args, " "), err)
		}
	}
}

// teller is a warehouse in which a story happens: an owner who pays when a piece has passed its inspection, and a few goods.
type teller struct {
	*receivingtest.Site
	im    *intake.Importer
	qc    *qc.Bench
	by    id.User
	hands map[string]*receivingtest.Hand
	last  scanner.Outcome
	plate string            // of the last piece booked
	tags  map[string]string // name of a product → the barcode on its tag
	sent  []scanner.Scan    // by the last scan
	hand  *receivingtest.Hand
	phone int
	order map[string]*intake.Order
	cases map[string]*intake.Case
}

func newTeller(t testing.TB, d *db.DB) *teller {
	receivingtest.Wipe(t, d)
	s := receivingtest.New(t, d)
	w := &teller{Site: s, tags: map[string]string{}, hands: map[string]*receivingtest.Hand{}, order: map[string]*intake.Order{}, cases: map[string]*intake.Case{}}
	engine := refund.New(refund.Options{DB: d, Events: s.Log, Clock: s.Clock})
	workers := river.NewWorkers()
	engine.AddWorkers(workers)
	queue, err := job.New(d, workers, job.Options{}) // inserts only: no bank is asked
	w.must(err)
	engine.Use(queue)
	s.Log.On(followup.New(s.Log, engine).Trigger)
	w.qc = qc.New(d, s.Log, new(inventory.Ledger))
	ring, err := secret.Parse(secret.Generate())
	w.must(err)
	w.im = intake.New(d, s.Log, ring, intake.Hooks{Claim: s.Desk.Claim, Hold: s.Desk.Hold, Observe: func(ctx context.Context, tx *gorm.DB, c id.Case, total int64) error {
		_, err := engine.Observe(ctx, tx, refund.Observed{CaseID: c, Origin: refund.OriginPlatform, AmountMinor: total})
		return err
	}})
	w.by = s.User("经理", "manager")
	s.Exec("UPDATE policies SET auto_limit_minor = 1000000, self_release_limit_minor = 1000000")
	for n, code := range []string{"TEE-L", "TEE-XL", "CAP-U", "MUG-1"} {
		s.SKU(code, gtin(n+1))
		w.tags[code] = gtin(n + 1)
	}
	w.must(w.report(w.im.Catalogue(t.Context(), []intake.SKU{{Owner: "QINGYU", SKU: "SET", Name: "礼盒", Category: "apparel", ValueMinor: 15000,
		Parts: []intake.Part{{SKU: "MUG-1", Quantity: 2}, {SKU: "CAP-U", Quantity: 1}}}})))
	w.tags["PHONE-1"], w.tags["SOAP-1"] = gtin(11), gtin(21)
	s.Phone("PHONE-1", gtin(11))
	other, _ := s.Merchant("OTHER", "JD9")
	s.SKUOf(other, "SOAP-1", gtin(21))
	return w
}

func (w *teller) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// bench is the hand at a bench, which says hello when it is first spoken of. Its station sets plates apart as a real one does.
func (w *teller) bench(number string) *receivingtest.Hand {
	if h := w.hands[number]; h != nil {
		return h
	}
	n := 0
	fmt.Sscan(number, &n)
	h := w.Hand(w.Bench(n))
	h.UsePlates = true
	w.hands[number] = h
	return h
}

// docs/stories.md is made of the stories: `go test ./receiving/desk -run StoriesDoc -update` writes it.
func TestStoriesDoc(t *testing.T) {
	files, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d stories, %v", len(files), err)
	}
	var b strings.Builder
	b.WriteString("# Stories\n\nWhat happens at the benches, told as scripts that `TestStories` plays on both databases. This page is made of them: `go test ./receiving/desk -run StoriesDoc -update`.\n\n" +
		"`scan BENCH CODE…` scans, `expect CODE [TOTE]` is the answer to the last scan, `offline` sends scans that were kept while the server was away, `lost` sends the last ones again.\n" +
		"`stock SKU ACCOUNT N`, `refund CASE CENTS`, `goods CASE STATE`, `parcel NUMBER STATE`, `task KIND [N]` say what must be in the books then; `audit` asks for all of them.\n")
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		title, rest, _ := strings.Cut(string(raw), "\n")
		fmt.Fprintf(&b, "\n## %s\n\n", strings.TrimPrefix(title, "# "))
		for strings.HasPrefix(rest, "#") {
			var line string
			line, rest, _ = strings.Cut(rest, "\n")
			b.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, "#"), " ") + "\n")
		}
		fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.TrimSpace(rest))
	}
	const page = "../../docs/stories.md"
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil || string(have) != b.String() {
		t.Errorf("%s is not what the stories say (%v): write it anew with -update", page, err)
	}
}

const day = 24 * time.Hour
