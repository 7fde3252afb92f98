package evidence_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/blob"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
	"github.com/backdock/backdock/inventory"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
	"github.com/backdock/backdock/inventory/qc"
	"github.com/backdock/backdock/receiving"
	"github.com/backdock/backdock/receiving/aftersales"
	"github.com/backdock/backdock/receiving/audit"
	"github.com/backdock/backdock/receiving/evidence"
	"github.com/backdock/backdock/receiving/receivingtest"
	"github.com/backdock/backdock/scanner"
)

// studio is a site with a parcel under way and a place for its pictures.
type studio struct {
	*receivingtest.Site
	disk   *blob.Disk
	office *evidence.Office
	hand   *receivingtest.Hand
	tee    catalogue.SKU
	cases  int
	user   id.User
}

func newStudio(t *testing.T, d *db.DB) *studio {
	t.Helper()
	disk, err := blob.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &studio{Site: receivingtest.New(t, d), disk: disk}
	s.office = evidence.New(d, s.Log, s.Clock, disk, evidence.Limits{PhotoBytes: 1 << 20, VideoBytes: 4 << 20, PartBytes: 64 << 10, Uploads: 5}, nil)
	s.Log.On(s.office.Trigger)
	// Numbers the events, as a server does: the audit asks for it.
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Log.Run(ctx, slog.New(slog.DiscardHandler)) })
	t.Cleanup(func() { cancel(); running.Wait() })
	s.user = s.User("li", "B1")
	s.tee = s.SKU("TEE-L", receivingtest.GTIN(1))
	s.hand = s.Hand(s.Bench(1))
	return s
}

// returns makes a case of one piece that comes back under a waybill.
func (s *studio) returns(waybill string) aftersales.Case {
	s.cases++
	n := strconv.Itoa(s.cases)
	return s.Site.Case("C"+n, s.Order("O"+n, s.tee), []string{waybill})
}

// answers are an inspector's, all yes.
func answers() map[string]bool {
	out := map[string]bool{}
	for _, c := range qc.Checklist("apparel") {
		out[c.Key] = true
	}
	return out
}

// photo makes a JPEG of noise, different for each seed.
func photo(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	m := image.NewRGBA(image.Rect(0, 0, 640, 360))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	m.Set(1, 1, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 60}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func (s *studio) facts(kind string) evidence.Facts {
	return evidence.Facts{Kind: kind, Warehouse: s.Warehouse.ID, CapturedAt: s.Clock.Now(), By: s.user}
}

// send uploads content in parts of 64 KiB.
func (s *studio) send(f evidence.Facts, b []byte) (evidence.Upload, error) {
	u, err := s.office.Begin(s.T.Context(), "user/1", f, int64(len(b)), "")
	for at := 0; err == nil && at < len(b); {
		end := min(at+64<<10, len(b))
		u, err = s.office.Append(s.T.Context(), "user/1", u.ID, int64(at), b[at:end])
		at = end
	}
	return u, err
}

func (s *studio) must(f evidence.Facts, b []byte) evidence.Evidence {
	s.T.Helper()
	u, err := s.send(f, b)
	if err != nil {
		s.T.Fatal(err)
	}
	n, ok := u.Of()
	if !ok {
		s.T.Fatalf("upload became nothing: %+v", u)
	}
	return s.row(n)
}

func (s *studio) row(n id.Evidence) evidence.Evidence {
	s.T.Helper()
	e, err := s.office.Within(s.T.Context(), auth.Everything(), evidence.Number(n))
	if err != nil {
		s.T.Fatal(err)
	}
	return e.Evidence
}

func (s *studio) wants(code string, err error) {
	s.T.Helper()
	if err == nil || fault.Code(err) != code {
		s.T.Errorf("got %v, want %s", err, code)
	}
}

// files counts what the store holds of a family.
func (s *studio) files(family string) int {
	s.T.Helper()
	n := 0
	if err := s.disk.List(s.T.Context(), family, func(blob.Info) error { n++; return nil }); err != nil {
		s.T.Fatal(err)
	}
	return n
}

func (s *studio) clean() {
	s.T.Helper()
	if err := s.Log.SettleNow(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
	rep, err := audit.RunAt(s.T.Context(), s.DB, s.Clock.Now())
	if err != nil {
		s.T.Fatal(err)
	}
	for _, b := range rep.Breaches {
		if b.Check != "case_decision" && b.Check != "order_state" { // the site's cases and orders are put there without events
			s.T.Errorf("audit: %s %s %s", b.Check, b.Subject, b.Detail)
		}
	}
	if _, faults, err := s.office.Verify(s.T.Context()); err != nil || len(faults) > 0 {
		s.T.Errorf("verify: %v %v", faults, err)
	}
}

// A photo of the piece just scanned, asked for by PHOTO: it finds piece, parcel, clerk and bench by the scan, in whatever order scan and photo arrive.
func TestPhotoFindsItsPieceByTheScan(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStudio(t, d)
		s.returns("SF1000000000001")
		s.hand.Scan("BD:OPERATOR:B1")
		opened := s.hand.Want("SF1000000000001", scanner.CodeParcelOpened)
		if o := s.hand.Want("BD:PHOTO", scanner.CodePhotoAsked); o.Params["parcel"] != opened.Parcel || o.Params["plate"] != "" {
			t.Errorf("of the parcel: %+v", o)
		}
		piece := s.hand.Want(receivingtest.GTIN(1), scanner.CodeMatched)
		f := s.facts(evidence.Photo)
		f.Producer, f.Seq = s.hand.Producer, int64(s.hand.Seq+1)
		early := s.must(f, photo(1)) // the bench was offline: the photo is here before its scan
		if early.ParcelID != nil {
			t.Errorf("tied to a scan that has not come: %+v", early)
		}
		if o := s.hand.Want("BD:PHOTO", scanner.CodePhotoAsked); o.Params["plate"] != piece.Plate {
			t.Errorf("of the piece: %+v", o)
		}
		if n, err := s.office.TieLoose(t.Context()); n != 1 || err != nil {
			t.Errorf("tied %d, %v", n, err)
		}
		late := s.must(f, photo(2))
		for _, e := range []evidence.Evidence{s.row(early.ID), late} {
			p, _ := receiving.ParseParcelNumber(opened.Parcel)
			if e.ParcelID == nil || *e.ParcelID != p || e.UnitID == nil || e.CaseID == nil || e.BenchID == nil || e.ByUser == nil || *e.ByUser != s.user {
				t.Errorf("%+v", e)
			}
		}
		list, err := s.office.OfUnit(t.Context(), auth.Everything(), piece.Plate)
		if err != nil || len(list) != 2 || list[0].Plate != piece.Plate || list[0].By != "li" {
			t.Errorf("%+v %v", list, err)
		}
		s.clean()
	})
}

func TestUploads(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStudio(t, d)
		ctx, b := t.Context(), photo(1)
		t.Run("resumed where it stopped, by whoever began it", func(t *testing.T) {
			f := s.facts(evidence.Photo)
			f.Hash = sum(b)
			u, err := s.office.Begin(ctx, "user/1", f, int64(len(b)), "kind cGhvdG8=")
			if err != nil {
				t.Fatal(err)
			}
			if u, err = s.office.Append(ctx, "user/1", u.ID, 0, b[:1000]); err != nil || u.Received != 1000 {
				t.Fatal(u, err)
			}
			_, err = s.office.Append(ctx, "user/1", u.ID, 0, b[:1000])
			s.wants("upload_offset", err)
			_, err = s.office.Append(ctx, "user/1", u.ID, 1000, append(bytes.Clone(b[1000:]), 0))
			s.wants("evidence_too_large", err)
			_, err = s.office.Find(ctx, "user/2", u.ID)
			s.wants("upload_not_found", err)
			if n := receivingtest.One[int](s.Site, "SELECT COUNT(*) FROM evidence"); n != 0 {
				t.Errorf("%d rows of half a photo", n)
			}
			if u, err = s.office.Append(ctx, "user/1", u.ID, 1000, b[1000:]); err != nil {
				t.Fatal(err)
			}
			n, _ := u.Of()
			r, err := s.office.Open(ctx, s.row(n))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, b) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if again, err := s.office.Find(ctx, "user/1", u.ID); err != nil || again.EvidenceID == nil || *again.EvidenceID != n {
				t.Errorf("asked again: %+v %v", again, err)
			}
			if parts := s.files("part"); parts != 0 {
				t.Errorf("%d parts are left", parts)
			}
		})
		t.Run("the same content is one file, the same for one scan one row", func(t *testing.T) {
			f := s.facts(evidence.Photo)
			f.Producer, f.Seq = s.hand.Producer, 1
			one, two := s.must(f, b), s.must(f, b)
			if one.ID != two.ID || s.files("blob") != 1 {
				t.Errorf("%d and %d, %d files", one.ID, two.ID, s.files("blob"))
			}
		})
		t.Run("damaged, strange, too much", func(t *testing.T) {
			f := s.facts(evidence.Photo)
			f.Hash = sum([]byte("something else"))
			_, err := s.send(f, b)
			s.wants("evidence_hash", err)
			_, err = s.send(s.facts(evidence.Photo), []byte("<html><script>alert(1)</script></html> as photo.jpg, long enough to be told from a photo"))
			s.wants("evidence_type", err)
			_, err = s.send(s.facts(evidence.Video), b)
			s.wants("evidence_type", err)
			_, err = s.office.Begin(ctx, "user/1", s.facts(evidence.Photo), 1<<20+1, "")
			s.wants("evidence_too_large", err)
			_, err = s.office.Begin(ctx, "user/1", s.facts("selfie"), 5, "")
			s.wants("evidence_kind", err)
			if n := receivingtest.One[int](s.Site, "SELECT COUNT(*) FROM evidence_uploads WHERE state <> 'done'"); n != 0 || s.files("part") != 0 {
				t.Errorf("%d uploads and %d parts of refused files are left", n, s.files("part"))
			}
			for range 5 {
				if _, err := s.office.Begin(ctx, "user/9", s.facts(evidence.Photo), 10, ""); err != nil {
					t.Fatal(err)
				}
			}
			_, err = s.office.Begin(ctx, "user/9", s.facts(evidence.Photo), 10, "")
			s.wants("uploads_open", err)
		})
		t.Run("ended, or given up", func(t *testing.T) {
			u, err := s.office.Begin(ctx, "user/1", s.facts(evidence.Photo), int64(len(b)), "")
			if err == nil {
				u, err = s.office.Append(ctx, "user/1", u.ID, 0, b[:100])
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := s.office.Abort(ctx, "user/1", u.ID); err != nil || s.files("part") != 0 {
				t.Errorf("%v, %d parts", err, s.files("part"))
			}
			s.wants("upload_not_found", s.office.Abort(ctx, "user/1", u.ID))
			s.Clock.Add(8 * 24 * time.Hour)
			if err := s.office.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			if n := receivingtest.One[int](s.Site, "SELECT COUNT(*) FROM evidence_uploads"); n != 0 {
				t.Errorf("%d uploads are left after a week", n)
			}
		})
		s.clean()
	})
}

// Of two servers that get the same part at the same moment one wins, and the other is told where to go on.
func TestTwoServersGetTheSamePart(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStudio(t, d)
		b := photo(3)
		u, err := s.office.Begin(t.Context(), "user/1", s.facts(evidence.Photo), int64(len(b)), "")
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 4)
		for range 4 {
			go func() {
				_, err := s.office.Append(context.WithoutCancel(t.Context()), "user/1", u.ID, 0, b)
				errs <- err
			}()
		}
		won := 0
		for range 4 {
			if err := <-errs; err == nil {
				won++
			} else if c := fault.Code(err); c != "upload_offset" {
				t.Errorf("%v", err)
			}
		}
		if won != 1 || receivingtest.One[int](s.Site, "SELECT COUNT(*) FROM evidence") != 1 {
			t.Errorf("%d won", won)
		}
		s.Clock.Add(time.Now().Add(48 * time.Hour).Sub(s.Clock.Now())) // files have the system's time
		if _, err := s.office.SweepOrphans(t.Context()); err != nil || s.files("part") != 0 || s.files("blob") != 1 {
			t.Errorf("%v: %d parts, %d files", err, s.files("part"), s.files("blob"))
		}
		s.clean()
	})
}

func TestPurge(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStudio(t, d)
		ctx := t.Context()
		s.returns("SF1000000000001")
		opened := s.hand.Want("SF1000000000001", scanner.CodeParcelOpened)
		p, _ := receiving.ParseParcelNumber(opened.Parcel)
		f := s.facts(evidence.Photo)
		f.Parcel = p
		shared := photo(1)
		first := s.must(f, shared)
		damage := f
		damage.Kind = evidence.Damage
		second := s.must(damage, shared) // the same file, kept longer
		third := s.must(f, photo(2))
		if _, err := s.office.Thumbnail(ctx, third); err != nil {
			t.Fatal(err)
		}
		if err := s.office.SetPolicy(ctx, s.Owner.ID, evidence.Policy{KeepDays: map[string]int{evidence.Photo: 10}}); err != nil {
			t.Fatal(err)
		}
		hold, err := s.office.Keep(ctx, p, 0, s.user, "platform asks")
		if err != nil {
			t.Fatal(err)
		}
		s.Clock.Add(11 * 24 * time.Hour)
		if n, err := s.office.Purge(ctx); n != 0 || err != nil {
			t.Errorf("purged %d under hold, %v", n, err)
		}
		if err := s.office.Release(ctx, hold.ID, s.user, "won"); err != nil {
			t.Fatal(err)
		}
		s.wants("hold_state", s.office.Release(ctx, hold.ID, s.user, "again"))
		if n, err := s.office.Purge(ctx); n != 2 || err != nil {
			t.Errorf("purged %d, %v", n, err)
		}
		if s.files("blob") != 1 || s.files("thumb") != 0 {
			t.Errorf("%d files, %d thumbnails", s.files("blob"), s.files("thumb"))
		}
		_, err = s.office.Open(ctx, s.row(first.ID))
		s.wants("evidence_purged", err)
		if r, err := s.office.Open(ctx, s.row(second.ID)); err != nil {
			t.Errorf("the file that damage still needs: %v", err)
		} else {
			r.Close()
		}
		// What came once may come again under another scan.
		f.Parcel = p
		back := s.must(f, photo(2))
		if back.ID == third.ID || s.files("blob") != 2 {
			t.Errorf("%+v", back)
		}
		s.clean()
	})
}

// A file that was put there by a process that died before its commit goes; one that is claimed by an upload stays.
func TestOrphans(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStudio(t, d)
		ctx, b := t.Context(), photo(4)
		kept := s.must(s.facts(evidence.Photo), b)
		for _, key := range []string{"blob/" + sum([]byte("lost")), "part/" + id.Hex(16), "thumb/" + sum([]byte("lost"))} {
			if err := s.disk.Put(ctx, key, bytes.NewReader([]byte("lost")), 4); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.office.SweepOrphans(ctx); n != 0 || err != nil {
			t.Errorf("young files were swept: %d %v", n, err)
		}
		s.Clock.Add(time.Now().Add(48 * time.Hour).Sub(s.Clock.Now()))
		if n, err := s.office.SweepOrphans(ctx); n != 3 || err != nil {
			t.Errorf("swept %d, %v", n, err)
		}
		if s.files("blob") != 1 || s.files("part") != 0 || s.files("thumb") != 0 {
			t.Errorf("%d %d %d", s.files("blob"), s.files("part"), s.files("thumb"))
		}
		if r, err := s.office.Open(ctx, kept); err != nil {
			t.Error(err)
		} else {
			r.Close()
		}
		s.clean()
		// And what audit --evidence is for: a file that was changed or lost behind the program's back is named.
		if err := s.disk.Put(ctx, "blob/"+kept.Hash, bytes.NewReader(make([]byte, len(b))), int64(len(b))); err != nil {
			t.Fatal(err)
		}
		if _, faults, err := s.office.Verify(ctx); err != nil || len(faults) != 1 || faults[0].Hash != kept.Hash {
			t.Errorf("%v %v", faults, err)
		}
		if err := s.disk.Delete(ctx, "blob/"+kept.Hash); err != nil {
			t.Fatal(err)
		}
		if _, faults, err := s.office.Verify(ctx); err != nil || len(faults) != 1 {
			t.Errorf("%v %v", faults, err)
		}
	})
}

// A box closed as empty wants a photo: without one somebody gets a task, and the photo that comes later settles it.
func TestEmptyBoxWantsAPhoto(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStudio(t, d)
		tasks := func(state string) int {
			return receivingtest.One[int](s.Site, "SELECT COUNT(*) FROM tasks WHERE kind = 'empty_box_photo' AND state = ?", state)
		}
		s.returns("SF1000000000001")
		s.returns("SF1000000000002")
		s.returns("SF1000000000003")
		first := s.hand.Want("SF1000000000001", scanner.CodeParcelOpened)
		s.hand.Want("BD:EMPTY", scanner.CodeEmptyConfirmed)
		if tasks("open") != 1 {
			t.Errorf("%d tasks", tasks("open"))
		}
		f := s.facts(evidence.EmptyBox)
		f.Producer, f.Seq = s.hand.Producer, int64(s.hand.Seq)
		if e := s.must(f, photo(1)); e.ParcelID == nil || receiving.ParcelNumber(*e.ParcelID) != first.Parcel {
			t.Errorf("%+v", e)
		}
		if tasks("open") != 0 || tasks("done") != 1 {
			t.Errorf("%d open, %d done", tasks("open"), tasks("done"))
		}
		second := s.hand.Want("SF1000000000002", scanner.CodeParcelOpened)
		f.Parcel, _ = receiving.ParseParcelNumber(second.Parcel)
		f.Seq = int64(s.hand.Seq)
		s.must(f, photo(2))
		s.hand.Want("BD:EMPTY", scanner.CodeEmptyConfirmed)
		if err := s.office.SetPolicy(t.Context(), s.Owner.ID, evidence.Policy{EmptyPhoto: false}); err != nil {
			t.Fatal(err)
		}
		s.hand.Want("SF1000000000003", scanner.CodeParcelOpened)
		s.hand.Want("BD:EMPTY", scanner.CodeEmptyConfirmed)
		if tasks("open") != 0 {
			t.Errorf("%d tasks for a photo that is there, or that nobody wants", tasks("open"))
		}
		s.clean()
	})
}

// While evidence is held its pieces stay where they are.
func TestHeldPiecesStay(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStudio(t, d)
		ctx := t.Context()
		c := s.returns("SF1000000000001")
		s.hand.Want("SF1000000000001", scanner.CodeParcelOpened)
		piece := s.hand.Want(receivingtest.GTIN(1), scanner.CodeMatched)
		s.hand.Want("BD:DONE", scanner.CodeClosed)
		bench := qc.New(d, s.Log, &inventory.Ledger{})
		bench.Keep(evidence.Guard)
		release := func() error {
			v := receivingtest.One[int64](s.Site, "SELECT version FROM units WHERE plate = ?", piece.Plate)
			_, err := bench.Inspect(ctx, qc.Decision{Plate: piece.Plate, Grade: "A", Disposition: "restock", Checks: answers(), Version: v, By: s.user})
			return err
		}
		s.wants("hold_reason", func() error { _, err := s.office.Keep(ctx, 0, c.ID, s.user, " "); return err }())
		h, err := s.office.Keep(ctx, 0, c.ID, s.user, "dispute 4711")
		if err != nil {
			t.Fatal(err)
		}
		s.Clock.Add(time.Minute)
		s.wants("evidence_hold", release())
		if err := s.office.Release(ctx, h.ID, s.user, "won"); err != nil {
			t.Fatal(err)
		}
		if err := release(); err != nil {
			t.Error(err)
		}
		s.clean()
		s.Do(func(tx *gorm.DB) error { return tx.Exec("UPDATE evidence_holds SET released_at = NULL").Error })
		rep, err := audit.RunAt(ctx, d, s.Clock.Now())
		if err != nil || !slices.ContainsFunc(rep.Breaches, func(b audit.Breach) bool { return b.Check == "evidence_moved" && b.Subject == "unit/"+piece.Plate }) {
			t.Errorf("%+v %v", rep.Breaches, err)
		}
	})
}

// A hold that comes after the inspection keeps the piece off the shelf, and off the road, all the same.
func TestHeldPiecesGoNowhere(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStudio(t, d)
		ctx := t.Context()
		s.Exec("UPDATE policies SET second_look_percent = 0, second_look_first = 0, self_release_limit_minor = 1000000")
		bench, floor := qc.New(d, s.Log, &inventory.Ledger{}), place.NewFloor(s.Log, &inventory.Ledger{})
		bench.Keep(evidence.Guard)
		floor.Use(evidence.Guard)
		bin := place.Place{WarehouseID: s.Warehouse.ID, Code: "B-01", Kind: place.Shelf, Capacity: 9}
		s.Create(&bin)
		version := func(plate string) int64 {
			return receivingtest.One[int64](s.Site, "SELECT version FROM units WHERE plate = ?", plate)
		}
		inspected := func(waybill, disposition string) (plate string, c id.Case) {
			c = s.returns(waybill).ID
			s.hand.Want(waybill, scanner.CodeParcelOpened)
			plate = s.hand.Want(receivingtest.GTIN(1), scanner.CodeMatched).Plate
			s.hand.Want("BD:DONE", scanner.CodeClosed)
			_, err := bench.Inspect(ctx, qc.Decision{Plate: plate, Grade: "A", Disposition: disposition, Checks: answers(), Version: version(plate), By: s.user})
			if err != nil {
				t.Fatal(err)
			}
			return plate, c
		}
		for _, act := range []struct {
			waybill, disposition string
			do                   func(plate string) error
		}{
			{"SF1000000000001", "restock", func(plate string) error {
				return d.InTx(ctx, func(tx *gorm.DB) error {
					_, err := floor.PutAway(ctx, tx, place.Load{Plates: []string{plate}, Bin: bin, Ref: "x:1", By: s.user})
					return err
				})
			}},
			{"SF1000000000002", "return_to_vendor", func(plate string) error {
				return bench.HandOver(ctx, qc.HandOver{Plate: plate, Note: "the vendor's driver", Version: version(plate), By: s.user})
			}},
		} {
			plate, c := inspected(act.waybill, act.disposition)
			h, err := s.office.Keep(ctx, 0, c, s.user, "dispute 4711")
			if err != nil {
				t.Fatal(err)
			}
			s.wants("evidence_hold", act.do(plate))
			if err := s.office.Release(ctx, h.ID, s.user, "won"); err != nil {
				t.Fatal(err)
			}
			if err := act.do(plate); err != nil {
				t.Errorf("%s once it is released: %v", act.disposition, err)
			}
		}
		s.clean()
	})
}

func TestChapters(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStudio(t, d)
		s.returns("SF1000000000001")
		opened := s.hand.Want("SF1000000000001", scanner.CodeParcelOpened)
		f := s.facts(evidence.Video)
		f.Producer, f.Seq = s.hand.Producer, int64(s.hand.Seq)
		f.CapturedAt = receivingtest.Start.Add(time.Duration(s.hand.Mono)*time.Microsecond + 400*time.Millisecond) // the camera starts a moment after the scan
		s.hand.Mono += (5 * time.Second).Microseconds()
		piece := s.hand.Want(receivingtest.GTIN(1), scanner.CodeMatched)
		s.hand.Want("BD:DONE", scanner.CodeClosed)
		f.DurationMS = 8000
		e := s.must(f, webm)
		list, err := s.office.Chapters(t.Context(), e)
		if err != nil || len(list) != 3 {
			t.Fatalf("%+v %v", list, err)
		}
		want := []int64{0, 5600, 6600}
		for i, c := range list {
			if c.AtMS != want[i] {
				t.Errorf("chapter %d at %d, want %d", i, c.AtMS, want[i])
			}
		}
		vtt := evidence.VTT(list, e.DurationMS, "en")
		wantVTT := "WEBVTT\n\n1\n00:00:00.000 --> 00:00:05.600\nparcel opened · SF1000000000001\n\n2\n00:00:05.600 --> 00:00:06.600\nmatched · " + list[1].Params["sku_en"] + " · " + piece.Plate +
			"\n\n3\n00:00:06.600 --> 00:00:08.000\nclosed · BD:DONE\n"
		if vtt != wantVTT {
			t.Errorf("%s (parcel %s)", vtt, opened.Parcel)
		}
	})
}

// webm is what a browser's recorder begins a file with.
var webm = append([]byte("\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webmB\x87\x81\x04B\x85\x81\x02"), make([]byte, 4000)...)

// A disk that is full says so, and the upload goes on when there is room again.
func TestFullDisk(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		s := newStudio(t, d)
		full := &fullDisk{Disk: s.disk, full: true}
		s.office = evidence.New(d, s.Log, s.Clock, full, evidence.Limits{}, nil)
		b := photo(5)
		u, err := s.office.Begin(t.Context(), "user/1", s.facts(evidence.Photo), int64(len(b)), "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.office.Append(t.Context(), "user/1", u.ID, 0, b)
		s.wants("evidence_full", err)
		full.full = false
		if u, err = s.office.Append(t.Context(), "user/1", u.ID, 0, b); err != nil || u.EvidenceID == nil {
			t.Error(u, err)
		}
		s.clean()
	})
}

type fullDisk struct {
	*blob.Disk
	full bool
}

func (f *fullDisk) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if f.full {
		return errors.Join(blob.ErrFull, io.ErrShortWrite)
	}
	return f.Disk.Put(ctx, key, r, size)
}
