package evidence_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/blob"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/evidence"
	"github.com/backdock/backdock/receiving/receivingtest"
)

// The child purges what is due: database and folder are in here.
const childEnv = "BACKDOCK_TEST_EVIDENCE"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		child()
		return
	}
	os.Exit(m.Run())
}

func child() {
	url, dir, _ := strings.Cut(os.Getenv(childEnv), "\n")
	ctx := context.Background()
	d, err := db.Open(ctx, url, db.Options{})
	if err != nil {
		panic(err)
	}
	defer d.Close()
	disk, err := blob.NewDisk(dir)
	if err != nil {
		panic(err)
	}
	o := evidence.New(d, event.NewLog(d, clock.System{}), clock.System{}, disk, evidence.Limits{}, slog.Default())
	if _, err := o.Purge(ctx); err != nil {
		panic(err)
	}
}

// A process that dies while it lets evidence go leaves a file too many, never a row without its file; the next pass finishes it.
func TestPurgeSurvivesKills(t *testing.T) {
	for _, dialect := range []db.Dialect{db.SQLite, db.Postgres} {
		for _, point := range []string{"evidence.doomed", "evidence.removed"} {
			t.Run(string(dialect)+" "+point, func(t *testing.T) {
				t.Parallel()
				url, dir := testkit.URL(t, dialect), t.TempDir()
				d, err := db.Open(t.Context(), url, db.Options{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { d.Close() })
				if err := d.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				s := newStudio(t, d)
				if s.disk, err = blob.NewDisk(dir); err != nil {
					t.Fatal(err)
				}
				s.office = evidence.New(d, s.Log, s.Clock, s.disk, evidence.Limits{}, nil)
				s.must(s.facts(evidence.Photo), photo(1))
				s.must(s.facts(evidence.Photo), photo(2))
				kept := s.must(s.facts(evidence.Photo), photo(3))
				s.Do(func(tx *gorm.DB) error {
					return tx.Exec("UPDATE evidence SET added_at = ? WHERE id <> ?", receivingtest.Start.AddDate(-20, 0, 0), kept.ID).Error
				})
				run := func(arm string) error {
					cmd := exec.Command(os.Args[0])
					cmd.Env = append(os.Environ(), childEnv+"="+url+"\n"+dir, killpoint.Env+"="+arm)
					out, err := cmd.CombinedOutput()
					if err != nil && arm == "" {
						t.Fatalf("%v\n%s", err, out)
					}
					return err
				}
				if err := run(point + ":1"); err == nil {
					t.Fatal("it was to die there")
				}
				s.clean()                                                                                              // whatever is half done, no evidence lacks its file
				s.Do(func(tx *gorm.DB) error { return tx.Exec("UPDATE evidence_blobs SET lease_until = NULL").Error }) // its lease is over
				_ = run("")
				if n := receivingtest.One[int](s.Site, "SELECT COUNT(*) FROM evidence WHERE purged_at IS NOT NULL"); n != 2 {
					t.Errorf("%d purged", n)
				}
				if blobs := receivingtest.One[int](s.Site, "SELECT COUNT(*) FROM evidence_blobs"); s.files("blob") != 1 || blobs != 1 {
					t.Errorf("%d files and %d rows of files", s.files("blob"), blobs)
				}
				s.clean()
			})
		}
	}
}
