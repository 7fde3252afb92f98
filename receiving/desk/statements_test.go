package desk_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving/receivingtest"
)

// counter collects the statements that leave for the database.
type counter struct {
	mu   sync.Mutex
	list []string
}

func (c *counter) see(s db.Statement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, s.SQL)
}

func (c *counter) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.list
	c.list = nil
	return out
}

func traced(t testing.TB, dialect db.Dialect) (*db.DB, *counter) {
	t.Helper()
	c := &counter{}
	d, err := db.Open(t.Context(), testkit.URL(t, dialect), db.Options{Trace: c.see})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d, c
}

func repeat[T any](x T, n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = x
	}
	return out
}

// Sixteen pieces cost the statements that one costs; that is what makes a queue of scans cheap.
func TestStatementsDoNotGrowWithPieces(t *testing.T) {
	for _, dialect := range []db.Dialect{db.Postgres, db.SQLite} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			d, seen := traced(t, dialect)
			s := receivingtest.New(t, d)
			tee, cup := s.SKU("TEE-L", gtin(1)), s.SKU("CAP-U", gtin(2))
			s.Case("C1", s.Order("1", append(repeat[catalogue.SKU](tee, 60), repeat[catalogue.SKU](cup, 60)...)...), []string{way})
			h := s.Hand(s.Bench(1))
			h.UsePlates = true
			cost := func(what string, most int, codes ...string) int {
				seen.take()
				h.Scans(codes...)
				list := seen.take()
				t.Logf("%s: %d statements", what, len(list))
				if len(list) > most {
					t.Errorf("%s: %d statements, want at most %d:\n%s", what, len(list), most, strings.Join(list, "\n"))
				}
				return len(list)
			}
			cost("opening", 28, way)
			one := cost("one piece", 12, gtin(1))
			mixed := strings.Fields(strings.Repeat(gtin(1)+" "+gtin(2)+" ", 8))
			if n := cost("sixteen pieces of two products", 12, mixed...); n > one {
				t.Errorf("sixteen pieces cost %d statements, one costs %d", n, one)
			}
			cost("sixteen pieces, again", 12, mixed...)
			cost("a condition for each of eight pieces", 12, strings.Fields(strings.Repeat(gtin(1)+" BD:CONDITION:opened ", 8))...)
			cost("closing", 22, "BD:DONE")
		})
	}
}
