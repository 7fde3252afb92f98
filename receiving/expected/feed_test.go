package expected

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner/wire"
)

// mirror is what a station knows, kept the plain way.
type mirror struct {
	t       *testing.T
	feed    *Feed
	place   id.Warehouse
	cursor  string
	returns map[uint64]wire.ExpectedReturn
	skus    map[uint64]wire.ExpectedSKU
	begins  int
}

const token = "a station's token"

func newMirror(t *testing.T, f *Feed, w id.Warehouse) *mirror {
	return &mirror{t: t, feed: f, place: w}
}

// pull asks until a page says that it is complete.
func (m *mirror) pull() {
	m.t.Helper()
	for range 1000 {
		if m.ask().Complete {
			return
		}
	}
	m.t.Fatal("the feed has no end")
}

func (m *mirror) ask() wire.ExpectedPage {
	m.t.Helper()
	p, news, err := m.feed.Page(m.t.Context(), m.place, wire.NewHasher(token), m.cursor)
	if err != nil {
		m.t.Fatal(err)
	}
	if !news && (len(p.SKUs)+len(p.Returns)+len(p.Gone) > 0 || !p.Complete) {
		m.t.Fatalf("no news: %+v", p)
	}
	if p, err = wire.DecodeExpected(p.Encode()); err != nil {
		m.t.Fatal(err)
	}
	if p.Begin {
		m.begins++
		m.returns, m.skus = map[uint64]wire.ExpectedReturn{}, map[uint64]wire.ExpectedSKU{}
	}
	for _, s := range p.SKUs {
		m.skus[s.ID] = s
	}
	for _, r := range p.Returns {
		m.returns[r.Ref] = r
	}
	for _, ref := range p.Gone {
		delete(m.returns, ref)
	}
	m.cursor = p.Cursor
	return p
}

// same compares with what a station gets that comes new. A product that nothing awaits any more may stay until the next snapshot.
func (m *mirror) same(what string) {
	m.t.Helper()
	fresh := newMirror(m.t, m.feed, m.place)
	fresh.pull()
	if got, want := fmt.Sprint(m.returns), fmt.Sprint(fresh.returns); got != want {
		m.t.Fatalf("%s: by deltas\n%s\nby a snapshot\n%s", what, got, want)
	}
	for n, s := range fresh.skus {
		if got := m.skus[n]; fmt.Sprint(got) != fmt.Sprint(s) {
			m.t.Fatalf("%s: SKU %d by deltas %v, by a snapshot %v", what, n, got, s)
		}
	}
}

// told puts a number's returns into words.
func (m *mirror) told(kind wire.SumKind, text string) string {
	sum := wire.NewHasher(token).Sum(kind, text)
	var out []string
	for _, r := range m.returns {
		for _, k := range r.Keys {
			if k.Sum != sum {
				continue
			}
			s := fmt.Sprintf("role %d", k.Role)
			if r.Over {
				s += " over"
			}
			for _, l := range r.Lines {
				s += fmt.Sprintf(" %dx%d", l.Count, l.SKU)
				if len(l.Serials) > 0 {
					s += fmt.Sprintf("/%d", len(l.Serials))
				}
			}
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func small(s *receivingtest.Site, page int) *Feed {
	f := New(s.DB, s.Clock)
	f.page = page
	return f
}

func TestWhatIsAwaited(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		tee, phone := s.SKU("TEE-L", receivingtest.GTIN(1), "OWN-TEE", "CTN-1"), s.Phone("PHONE", receivingtest.GTIN(2))
		o := s.Order("O1", tee, tee, phone)
		s.Serials(o.Lines[1], "SN-1", "SN-2")
		s.Shipment("SF0000000000001", "delivered", o)
		c := s.Case("C1", o, []string{"SF1000000000001"})
		back := s.Order("O2", tee)
		s.Shipment("SF0000000000002", "refused", back)
		s.Shipment("SF0000000000003", "in_transit", s.Order("O3", tee))
		far := place.Warehouse{Code: "SZ1", Name: "深圳", TimeZone: "Asia/Shanghai"}
		s.Create(&far)
		away := s.Case("C4", s.Order("O4", tee), []string{"SF1000000000004"})
		s.Exec("UPDATE cases SET warehouse_id = ? WHERE id = ?", far.ID, away.ID)
		past := s.Case("C5", s.Order("O5", tee), []string{"SF1000000000005"})
		s.Exec("UPDATE cases SET goods = 'received' WHERE id = ?", past.ID)
		s.Exec("UPDATE cases SET buyer_words = '王小明 13800138000' WHERE id = ?", c.ID)

		m := newMirror(t, small(s, 100), s.Warehouse.ID)
		m.pull()
		lines := fmt.Sprintf("2x%d 1x%d/2", tee.ID, phone.ID)
		for _, tc := range []struct {
			kind wire.SumKind
			text string
			want string
		}{
			{wire.SumWaybill, "SF1000000000001", "role 1 " + lines},
			{wire.SumWaybill, "SF0000000000001", "role 3 " + lines},
			{wire.SumNumber, "C1", "role 5 " + lines},
			{wire.SumNumber, "O1", "role 6 " + lines},
			{wire.SumWaybill, "SF0000000000002", fmt.Sprintf("role 4 1x%d", tee.ID)},
			{wire.SumWaybill, "C1", ""}, // another kind
			{wire.SumWaybill, "SF0000000000003", ""},
			{wire.SumWaybill, "SF1000000000004", ""},
			{wire.SumWaybill, "SF1000000000005", ""},
		} {
			if got := m.told(tc.kind, tc.text); got != tc.want {
				t.Errorf("%s is %q, want %q", tc.text, got, tc.want)
			}
		}
		h := wire.NewHasher(token)
		sums := func(codes ...string) (out []uint64) {
			for _, c := range codes {
				out = append(out, h.Sum(wire.SumCode, c))
			}
			return out
		}
		if got, want := m.skus[uint64(tee.ID)].Codes, sums(catalogue.StoredGTIN(receivingtest.GTIN(1)), "OWN-TEE", "TEE-L"); !slices.Equal(got, want) {
			t.Errorf("codes %x, want %x: a carton's is none", got, want)
		}
		there := newMirror(t, m.feed, far.ID)
		there.pull()
		if got, want := there.told(wire.SumWaybill, "SF1000000000004"), fmt.Sprintf("role 1 1x%d", tee.ID); got != want {
			t.Errorf("at the other warehouse %q, want %q", got, want)
		}
	})
}

// Each change that matters is told, by whoever it was made: the triggers see to it.
func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		tee := s.SKU("TEE-L", receivingtest.GTIN(1))
		phone := s.Phone("PHONE", receivingtest.GTIN(2))
		o := s.Order("O1", tee, phone)
		sh := s.Shipment("SF0000000000001", "in_transit", o)
		c := s.Case("C1", o, nil)
		m := newMirror(t, small(s, 100), s.Warehouse.ID)
		m.pull()
		for _, step := range []struct {
			name string
			do   func()
			kind wire.SumKind
			text string
			want string
		}{
			{"nothing", func() {}, wire.SumNumber, "C1", fmt.Sprintf("role 5 1x%d 1x%d", tee.ID, phone.ID)},
			{"a waybill", func() { s.Waybill("SF1000000000001", c.ID) }, wire.SumWaybill, "SF1000000000001", fmt.Sprintf("role 1 1x%d 1x%d", tee.ID, phone.ID)},
			{"a serial", func() { s.Serials(o.Lines[1], "SN-1") }, wire.SumNumber, "C1", fmt.Sprintf("role 5 1x%d 1x%d/1", tee.ID, phone.ID)},
			{"delivered", func() { s.Exec("UPDATE shipments SET state = 'delivered' WHERE id = ?", sh.ID) }, wire.SumWaybill, "SF0000000000001", fmt.Sprintf("role 3 1x%d 1x%d/1", tee.ID, phone.ID)},
			{"withdrawn", func() { s.Exec("UPDATE cases SET decision = 'withdrawn' WHERE id = ?", c.ID) }, wire.SumNumber, "O1", fmt.Sprintf("role 6 over 1x%d 1x%d/1", tee.ID, phone.ID)},
			{"part received", func() { s.Exec("UPDATE case_lines SET received = 1 WHERE case_id = ? AND sku_id = ?", c.ID, phone.ID) }, wire.SumNumber, "O1", fmt.Sprintf("role 6 over 1x%d", tee.ID)},
			{"a number that ended", func() {
				s.Exec("UPDATE waybill_aliases SET valid_to = ? WHERE number = 'SF1000000000001'", receivingtest.Start)
			}, wire.SumWaybill, "SF1000000000001", ""},
			{"received", func() { s.Exec("UPDATE cases SET goods = 'received' WHERE id = ?", c.ID) }, wire.SumNumber, "C1", ""},
			{"comes back whole", func() { s.Exec("UPDATE shipments SET state = 'refused' WHERE id = ?", sh.ID) }, wire.SumWaybill, "SF0000000000001", fmt.Sprintf("role 4 1x%d 1x%d/1", tee.ID, phone.ID)},
			{"returned", func() { s.Exec("UPDATE shipments SET state = 'returned' WHERE id = ?", sh.ID) }, wire.SumWaybill, "SF0000000000001", ""},
		} {
			step.do()
			s.Clock.Add(time.Second)
			m.pull()
			if got := m.told(step.kind, step.text); got != step.want {
				t.Errorf("%s: %s is %q, want %q", step.name, step.text, got, step.want)
			}
			m.same(step.name)
		}
		codes := len(m.skus[uint64(tee.ID)].Codes)
		s.Case("C2", s.Order("O2", tee), nil)
		s.Code(tee, "OWN-TEE")
		m.pull()
		if got := len(m.skus[uint64(tee.ID)].Codes); got != codes+1 {
			t.Errorf("a new code is not told: %d codes", got)
		}
		if m.begins != 1 {
			t.Errorf("%d snapshots", m.begins)
		}
	})
}

// A day at the desk: after any parcel, what the deltas told is what a snapshot tells; pages are small, so that runs are cut anywhere.
func TestDeltasAreTheSnapshot(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		dice := rand.New(rand.NewPCG(4, 4))
		var skus []catalogue.SKU
		for i := range 12 {
			skus = append(skus, s.SKU(fmt.Sprint("SKU-", i), receivingtest.GTIN(100+i)))
		}
		m := newMirror(t, small(s, 3), s.Warehouse.ID)
		h := s.Hand(s.Bench(1))
		m.pull()
		for i := range 25 {
			o := s.Order(fmt.Sprint("O", i), skus[dice.IntN(12)], skus[dice.IntN(12)])
			w := fmt.Sprintf("SF1%012d", i)
			if dice.IntN(4) == 0 {
				s.Shipment(w, "refused", o)
			} else {
				s.Case(fmt.Sprint("C", i), o, []string{w})
			}
			if dice.IntN(3) > 0 {
				h.Scan(w)
				for _, l := range o.Lines[:1+dice.IntN(len(o.Lines))] {
					for n := range skus {
						if skus[n].ID == *l.SKUID {
							h.Scan(receivingtest.GTIN(100 + n))
						}
					}
				}
				h.Scan("BD:DONE")
			}
			if dice.IntN(2) == 0 {
				m.pull()
				m.same(fmt.Sprint("parcel ", i))
			} else if dice.IntN(2) == 0 {
				m.ask() // a run that is cut: the next question goes on with it
			}
		}
		m.pull()
		m.same("the end")
		if m.begins != 1 {
			t.Errorf("%d snapshots: the deltas were never used", m.begins)
		}
	})
}

// A transaction that was begun before a page and commits after it is told by a later page, although others that began after it were told before.
func TestLateCommitIsTold(t *testing.T) {
	t.Parallel()
	d := testkit.Open(t, db.Postgres)
	s := receivingtest.New(t, d)
	tee := s.SKU("TEE-L", receivingtest.GTIN(1))
	c := s.Case("C1", s.Order("O1", tee), nil)
	m := newMirror(t, small(s, 100), s.Warehouse.ID)
	m.pull()
	s.Do(func(tx *gorm.DB) error {
		if err := tx.Exec("UPDATE cases SET decision = 'withdrawn' WHERE id = ?", c.ID).Error; err != nil {
			return err
		}
		s.Case("C2", s.Order("O2", tee), nil) // another connection, begun later, commits first
		m.pull()
		if m.told(wire.SumNumber, "C2") == "" || strings.Contains(m.told(wire.SumNumber, "C1"), "over") {
			t.Errorf("within: C1 %q, C2 %q", m.told(wire.SumNumber, "C1"), m.told(wire.SumNumber, "C2"))
		}
		return nil
	})
	m.pull()
	if !strings.Contains(m.told(wire.SumNumber, "C1"), "over") {
		t.Errorf("the late commit was lost: %q", m.told(wire.SumNumber, "C1"))
	}
	m.same("after")
}

func TestWhoMustBeginAnew(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := receivingtest.New(t, d)
		tee := s.SKU("TEE-L", receivingtest.GTIN(1))
		add := func(name string) { s.Case(name, s.Order("of "+name, tee), nil) }
		add("C1")
		f := small(s, 2)
		f.keep, f.most = 20, 10
		m := newMirror(t, f, s.Warehouse.ID)
		m.pull()
		good := m.cursor
		for i := range 3 {
			add(fmt.Sprint("few ", i))
		}
		m.pull()
		if m.begins != 1 {
			t.Errorf("%d snapshots after few changes", m.begins)
		}
		for i := range 10 {
			add(fmt.Sprint("many ", i))
		}
		m.pull()
		m.same("many changes")
		if m.begins != 2 {
			t.Errorf("%d snapshots after many changes", m.begins)
		}
		if err := f.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := receivingtest.One[int](s, "SELECT COUNT(*) FROM expected_changes"); n < 1 || n > 21 {
			t.Errorf("%d changes after a sweep", n)
		}
		f.most = 1000
		for what, cursor := range map[string]string{
			"swept away": good, "none": "", "garbage": "x.y", "another warehouse": strings.Replace(m.cursor, fmt.Sprintf(".%d.", s.Warehouse.ID), ".77.", 1),
			"the future": strings.Replace(m.cursor, ".i.", ".i.9", 1),
		} {
			n := newMirror(t, f, s.Warehouse.ID)
			n.cursor = cursor
			n.pull()
			if n.begins != 1 {
				t.Errorf("%s (%s): %d snapshots", what, cursor, n.begins)
			}
		}
		m.pull()
		if m.begins != 2 {
			t.Error("who is up to date was sent back by a sweep")
		}
		// Dumped and loaded into another database: marks from the future.
		s.Exec("UPDATE expected_horizon SET mark = 1000000000000")
		if err := f.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.pull()
		add("after")
		m.pull()
		m.same("a new epoch")
		if m.begins != 3 {
			t.Errorf("%d snapshots in a new epoch", m.begins)
		}
	})
}
