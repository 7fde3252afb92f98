package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// world is a warehouse of its own with a merchant of its own: two of them do not see each other, and the same tokens mean the same in both.
type world struct {
	s    *receivingtest.Site
	hand *receivingtest.Hand
	word map[string]string // token → what is scanned here
}

var tokens = []string{"wA", "wA2", "wB", "wR", "wOld", "wNone", "gtin1", "gtin1", "gtin1", "gtin2", "gtin3", "gtin4", "serial1", "serial2", "nobody", "never seen", "caseA", "orderC",
	"BD:DONE", "BD:DONE", "BD:+1", "BD:UNDO", "BD:UNDO", "BD:NO-LABEL", "BD:UNKNOWN-OWNER", "BD:HOLD", "BD:RESUME", "BD:EMPTY", "BD:CONDITION:damaged", "BD:CONDITION:sealed",
	"BD:CHOOSE:1", "BD:PHOTO", "plate"}

func newWorld(t testing.TB, d *db.DB, n int) *world {
	s := receivingtest.NewNamed(t, d, fmt.Sprintf("HZ%d", n), fmt.Sprintf("OWNER%d", n), fmt.Sprintf("TM%d", n))
	code := func(i int) string { return receivingtest.GTIN(n*10 + i) }
	way := func(i int) string { return fmt.Sprintf("SF%011d%02d", n, i) }
	tee, xl, cup := s.SKU(fmt.Sprintf("TEE%d-L", n), code(1)), s.SKU(fmt.Sprintf("TEE%d-XL", n), code(2)), s.SKU(fmt.Sprintf("CAP%d-U", n), code(3))
	phone := s.Phone(fmt.Sprintf("PHONE%d-1", n), code(4))
	name := func(x string) string { return fmt.Sprintf("%s%d", x, n) }
	a, b, c, r := s.Order(name("A"), tee, tee, cup, phone), s.Order(name("B"), tee, cup), s.Order(name("C"), cup), s.Order(name("R"), xl, cup)
	serial := func(i int) string { return fmt.Sprintf("SN-%d-%d", n, i) }
	s.Serials(a.Lines[2], serial(1), serial(2))
	s.Case(name("CA"), a, []string{way(1), way(2)}, receivingtest.Back{Line: 0, Quantity: 2}, receivingtest.Back{Line: 2, Quantity: 1})
	s.Case(name("CB"), b, []string{way(3)})
	s.Shipment(way(4), "refused", r)
	s.Shipment(way(5), "delivered", c)
	w := &world{s: s, hand: s.Hand(s.Bench(1)), word: map[string]string{"wA": way(1), "wA2": way(2), "wB": way(3), "wR": way(4), "wOld": way(5), "wNone": way(6),
		"gtin1": code(1), "gtin2": code(2), "gtin3": code(3), "gtin4": code(4), "serial1": serial(1), "serial2": serial(2), "nobody": code(9),
		"never seen": fmt.Sprintf("never seen %d", n), "caseA": name("CA"), "orderC": name("C"), "plate": "plate"}}
	w.hand.UsePlates = true
	return w
}

// play scans tokens in batches of the given sizes. A plate token reads the label of the first unit of this world.
func (w *world) play(steps []step, sizes []int) []string {
	w.s.T.Helper()
	var told []string
	for len(steps) > 0 {
		n := min(sizes[0], len(steps))
		if sizes = sizes[1:]; len(sizes) == 0 {
			sizes = []int{16}
		}
		scans := make([]scanner.Scan, n)
		for i, st := range steps[:n] {
			data := st.token
			if mapped, ok := w.word[data]; ok {
				data = mapped
			}
			if data == "plate" {
				data = scanner.Plate(w.hand.Plates.First)
			}
			scans[i] = w.hand.Next(data)
			scans[i].MonoMicros += (st.after - time.Second).Microseconds()
			w.hand.Mono = scans[i].MonoMicros
		}
		a, err := w.hand.Send(scans...)
		if err != nil {
			w.s.T.Fatal(err)
		}
		for _, o := range a.Outcomes {
			kinds := make([]string, len(o.Effects))
			for i, e := range o.Effects {
				kinds[i] = string(e.Kind)
			}
			told = append(told, fmt.Sprintf("%s %s %s %s %v missing=%s pieces=%s why=%s", o.Code, o.Verdict, o.Tone, o.Tote, kinds, o.Params["missing"], o.Params["pieces"], o.Params["why"]))
		}
		steps = steps[n:]
	}
	return told
}

// state tells everything that is left behind, without names and numbers of its own.
func (w *world) state() []string {
	w.s.T.Helper()
	var out []string
	ask := func(q string, args ...any) {
		var rows []string
		if err := w.s.DB.Read.Raw(q, args...).Scan(&rows).Error; err != nil {
			w.s.T.Fatal(err)
		}
		slices.Sort(rows)
		out = append(out, rows...)
	}
	h := w.s.Warehouse.ID
	ask(`SELECT 'unit ' || finding || ' ' || state || ' ' || account || ' ' || condition || ' ' || title || ' v' || CAST(version AS TEXT) || ' ' || CAST(value_minor AS TEXT)
 || ' case' || CASE WHEN case_id IS NULL THEN 0 ELSE 1 END || ' line' || CASE WHEN case_line_id IS NULL THEN 0 ELSE 1 END FROM units WHERE warehouse_id = ?`, h)
	ask(`SELECT 'parcel ' || kind || ' ' || state || ' ' || note || ' ' || CAST(expected AS TEXT) || '/' || CAST(received AS TEXT) || '/' || CAST(pieces AS TEXT) || ' v' || CAST(version AS TEXT) FROM parcels WHERE warehouse_id = ?`, h)
	ask(`SELECT 'line ' || l.finding || ' ' || CAST(l.expected AS TEXT) || '/' || CAST(l.received AS TEXT) FROM receipt_lines l JOIN parcels p ON p.id = l.parcel_id WHERE p.warehouse_id = ?`, h)
	ask(`SELECT 'movement ' || from_account || '>' || to_account || ' ' || cause || CASE WHEN counter_of IS NULL THEN '' ELSE ' counter' END FROM movements WHERE warehouse_id = ?`, h)
	ask(`SELECT 'balance ' || account || ' ' || CAST(quantity AS TEXT) FROM balances WHERE warehouse_id = ?`, h)
	ask(`SELECT 'event ' || type || ' v' || CAST(version AS TEXT) FROM events WHERE warehouse_id = ? AND type <> 'backdock.case.changed.v1'`, h)
	ask(`SELECT 'case ' || goods || ' v' || CAST(version AS TEXT) FROM cases WHERE owner_id = ?`, w.s.Owner.ID)
	ask(`SELECT 'bench ' || CAST(day_parcels AS TEXT) || ' ' || CAST(day_pieces AS TEXT) || ' v' || CAST(version AS TEXT) FROM benches WHERE warehouse_id = ?`, h)
	return out
}

type step struct {
	token string
	after time.Duration
}

// Sixteen scans in one transaction leave behind exactly what sixteen transactions would: answers, units, counts, ledger, events, versions.
func TestBatchEqualsSingles(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
				return step{rapid.SampledFrom(tokens).Draw(rt, "token"), rapid.SampledFrom([]time.Duration{time.Second, time.Second, time.Second, 200 * time.Millisecond}).Draw(rt, "after")}
			}), 1, 24).Draw(rt, "steps")
			sizes := rapid.SliceOfN(rapid.IntRange(1, 16), 1, 10).Draw(rt, "sizes")
			receivingtest.Wipe(t, d)
			n += 2
			one, many := newWorld(t, d, n), newWorld(t, d, n+1)
			singles := make([]int, len(steps))
			for i := range singles {
				singles[i] = 1
			}
			toldOne, toldMany := one.play(steps, singles), many.play(steps, sizes)
			if diff := differs(toldOne, toldMany); diff != "" {
				rt.Fatalf("answers differ (singles, batches of %v)\n%s\nsteps %v", sizes, diff, steps)
			}
			if diff := differs(one.state(), many.state()); diff != "" {
				rt.Fatalf("state differs (singles, batches of %v)\n%s\nsteps %v", sizes, diff, steps)
			}
			checkBooks(one.s)
			if t.Failed() {
				rt.Fatalf("the books are wrong after %v in batches of %v", steps, sizes)
			}
		})
	})
}

func differs(a, b []string) string {
	if slices.Equal(a, b) {
		return ""
	}
	var out []string
	for i := range max(len(a), len(b)) {
		x, y := "", ""
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			out = append(out, fmt.Sprintf("%d: %s\n   %s", i, x, y))
		}
	}
	return strings.Join(out, "\n")
}
