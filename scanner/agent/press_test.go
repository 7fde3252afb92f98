package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/journal"
	"github.com/backdock/backdock/scanner/printer"
	"github.com/backdock/backdock/scanner/printer/printertest"
	"github.com/backdock/backdock/scanner/sticker"
	"github.com/backdock/backdock/scanner/wire/wiretest"
)

// bookAll answers like a desk at which every scan with a plate is a piece. "stuck …" stands for a piece with a pre-printed plate, "undo U…" takes one back.
func bookAll(s scanner.Scan) scanner.Outcome {
	o := scanner.Outcome{Verdict: scanner.Accepted, Code: scanner.CodeMatched, Tone: scanner.ToneOK, Tote: scanner.BlueTote, Params: map[string]string{"sku": "卫衣 黑L", "sku_en": "Hoodie black L"}}
	switch plate, undo := strings.CutPrefix(s.Data, "undo "); {
	case undo:
		o.Effects = []scanner.Effect{{Kind: scanner.EffectUnitUndone, Plate: plate}}
	case s.Plate != "":
		o.Plate = s.Plate
		o.Effects = []scanner.Effect{{Kind: scanner.EffectUnitBooked, Plate: s.Plate, SKU: "HOOD-BK-L", Stuck: strings.HasPrefix(s.Data, "stuck ")}}
	}
	return o
}

func newPrinter(t *testing.T) *printertest.Printer {
	t.Helper()
	p, err := printertest.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

const printerQuery = "name=label&timeout=20s"

func withPrinter(t *testing.T, url string) func(*Config) {
	t.Helper()
	p, err := printer.New(url)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Printer, c.Format = p, sticker.Default() }
}

// labelRig is a bench with a scanner and a label printer, whose plates have come.
func labelRig(t *testing.T, dir string, server *wiretest.Server, g *gun, p *printertest.Printer) *rig {
	t.Helper()
	r := newRigWith(t, dir, server, withPrinter(t, p.URL(printerQuery)), g.url(""))
	r.until("plates", func(s State) bool { return s.PlatesLeft > 0 })
	return r
}

var platePattern = regexp.MustCompile(`\^FD(U\d{10})\^FS`)

// platesOn are the plates of printed labels, in their order; a copy has its mark behind.
func platesOn(labels []string) []string {
	var out []string
	for _, l := range labels {
		plate := "?"
		if m := platePattern.FindStringSubmatch(l); m != nil {
			plate = m[1]
		}
		if m := regexp.MustCompile(`\^FD(#\d+)\^FS`).FindStringSubmatch(l); m != nil {
			plate += m[1]
		}
		out = append(out, plate)
	}
	return out
}

func printed(t *testing.T, p *printertest.Printer, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
	defer cancel()
	if err := p.Wait(ctx, func(l []string, _ int) bool { return len(l) >= n }); err != nil {
		t.Fatal(err)
	}
	return platesOn(p.Labels())
}

func plateOfScan(s State, i int) string { return s.Recent[i].Plate }

// Every booked piece gets one label, in the order of booking; a piece with a plate of its own gets none.
func TestLabelsArePrinted(t *testing.T) {
	server := newServer(t)
	server.Decide = bookAll
	g, p := newGun(t), newPrinter(t)
	r := labelRig(t, t.TempDir(), server, g, p)
	g.send("\r")
	for _, data := range []string{"one", "stuck two", "three"} {
		g.scan(data)
	}
	s := r.settled()
	want := []string{plateOfScan(s, 2), plateOfScan(s, 0)}
	if got := printed(t, p, 2); !slices.Equal(got, want) {
		t.Errorf("printed %v, want %v", got, want)
	}
	label := p.Labels()[0]
	for _, part := range []string{"HOOD-BK-L", "^GFA", time.Now().Format("2006")} {
		if !strings.Contains(label, part) {
			t.Errorf("no %q on the label %s", part, label)
		}
	}
	done := r.until("an empty queue", func(s State) bool { return len(s.Printing.Waiting) == 0 })
	if done.Printing.State != printer.Ready || done.Printing.Printer != "label" || len(done.Printing.Doubtful) > 0 {
		t.Errorf("%+v", done.Printing)
	}
	if err := server.WaitDevices(t.Context(), func(d []scanner.Device) bool {
		return slices.ContainsFunc(d, func(d scanner.Device) bool {
			return d.Kind == scanner.KindPrinter && d.State == scanner.DeviceConnected
		})
	}); err != nil {
		t.Error(err)
	}
}

// With the printer away scanning goes on; the page says what is wrong and what waits; the queue outlives the agent; what was undone meanwhile is not printed.
func TestPrinterAway(t *testing.T) {
	server := newServer(t)
	server.Decide = bookAll
	g, p := newGun(t), newPrinter(t)
	dir := t.TempDir()
	r := labelRig(t, dir, server, g, p)
	r.device("label", scanner.DeviceConnected)
	p.Set(printertest.Fault{PaperOut: true})
	g.send("\r")
	for i := range 4 {
		g.scan(fmt.Sprint("piece ", i))
	}
	r.settled()
	s := r.until("four labels that wait", func(s State) bool { return len(s.Printing.Waiting) == 4 && s.Printing.State == printer.PaperOut })
	plates := []string{plateOfScan(s, 3), plateOfScan(s, 2), plateOfScan(s, 1), plateOfScan(s, 0)}
	if s.Printing.Waiting[0].Plate != plates[0] || s.Printing.Waiting[3].Plate != plates[3] || s.Printing.Waiting[0].Name != "卫衣 黑L" {
		t.Errorf("%+v", s.Printing)
	}
	p.Stop()
	r.until("printer unreachable", func(s State) bool { return s.Printing.State == printer.Unreachable })
	g.scan("undo " + plates[1])
	r.until("three labels that wait", func(s State) bool { return len(s.Printing.Waiting) == 3 })
	r.stop()
	p.Set(printertest.Fault{})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	g.release(t)
	r = labelRig(t, dir, server, g, p)
	if got, want := printed(t, p, 3), []string{plates[0], plates[2], plates[3]}; !slices.Equal(got, want) {
		t.Errorf("printed %v, want %v", got, want)
	}
	r.until("an empty queue", func(s State) bool { return len(s.Printing.Waiting) == 0 })
}

// A station without a printer for a while does not print that while's labels later.
func TestPrinterTakenAway(t *testing.T) {
	server := newServer(t)
	server.Decide = bookAll
	g, p := newGun(t), newPrinter(t)
	dir := t.TempDir()
	r := labelRig(t, dir, server, g, p)
	g.send("\r")
	g.scan("with")
	first := plateOfScan(r.settled(), 0)
	printed(t, p, 1)
	r.stop()
	g.release(t)
	r = newRig(t, dir, server, g.url(""))
	g.send("\r")
	g.scan("without")
	if s := r.settled(); s.Printing != nil {
		t.Errorf("a printer that is not there: %+v", s.Printing)
	}
	r.stop()
	g.release(t)
	r = labelRig(t, dir, server, g, p)
	g.send("\r")
	g.scan("again")
	if got, want := printed(t, p, 2), []string{first, plateOfScan(r.settled(), 0)}; !slices.Equal(got, want) {
		t.Errorf("printed %v, want %v", got, want)
	}
}

func (b *browser) post(path string, body any) string {
	b.Helper()
	payload, err := json.Marshal(body)
	if err != nil {
		b.Fatal(err)
	}
	return b.code(path, func(r *http.Request) {
		r.Method, r.Body = http.MethodPost, http.NoBody
		if body != nil {
			r.Body, r.ContentLength = nopCloser{bytes.NewReader(payload)}, int64(len(payload))
		}
		r.Header.Set("Content-Type", "application/json")
	})
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

// A second label comes only when a person asks for it with a reason, and is marked; the reason is kept.
func TestReprint(t *testing.T) {
	server := newServer(t)
	server.Decide = bookAll
	g, p := newGun(t), newPrinter(t)
	dir := t.TempDir()
	r := labelRig(t, dir, server, g, p)
	g.send("\r")
	g.scan("one")
	plate := plateOfScan(r.settled(), 0)
	printed(t, p, 1)
	b := newBrowser(r)
	for _, tc := range []struct {
		path string
		body any
		want string
	}{
		{"/agent/print/reprint", ReprintRequest{Plate: plate}, "400 reason_missing"},
		{"/agent/print/reprint", ReprintRequest{Plate: "U123", Reason: "lost"}, "400 plate_invalid"},
		{"/agent/print/reprint", ReprintRequest{Plate: scanner.Plate(987654), Reason: "lost"}, "404 label_unknown"},
		{"/agent/print/reprint", ReprintRequest{Plate: plate, Reason: strings.Repeat("x", 300)}, "400 reason_long"},
		{"/agent/print/reprint", "nonsense", "400 malformed"},
		{"/agent/print/settle", SettleRequest{Plate: plate, Printed: true}, "409 no_doubt"},
		{"/agent/print/reprint", ReprintRequest{Plate: strings.ToLower(plate), Reason: "lost"}, "204"},
	} {
		if got := b.post(tc.path, tc.body); got != tc.want {
			t.Errorf("%s %+v: %s, want %s", tc.path, tc.body, got, tc.want)
		}
	}
	if got := b.code("/agent/print/reprint", func(r *http.Request) { r.Method = http.MethodPost }); got != "415 json_only" {
		t.Errorf("a form: %s", got)
	}
	if got, want := printed(t, p, 2), []string{plate, plate + "#2"}; !slices.Equal(got, want) {
		t.Errorf("printed %v, want %v", got, want)
	}
	for path, want := range map[string]string{"/agent/label/" + plate + ".svg": "200", "/agent/label/" + plate + ".zpl": "200", "/agent/label/" + plate + ".exe": "400 plate_invalid",
		"/agent/label/" + scanner.Plate(987654) + ".svg": "404 label_unknown"} {
		if got := b.code(path, nil); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	r.until("an empty queue", func(s State) bool { return len(s.Printing.Waiting) == 0 })
	r.stop()
	if job := printsOf(t, dir, plate); job.Reason != "lost" || job.Copy != 2 || job.State != journal.PrintDone {
		t.Errorf("%+v", job)
	}
}

// printsOf reads the record of an agent that has ended.
func printsOf(t *testing.T, dir, plate string) journal.PrintJob {
	t.Helper()
	var job journal.PrintJob
	record(t, dir, func(p *journal.Prints) { job, _ = p.Of(plate) })
	return job
}

func record(t *testing.T, dir string, use func(*journal.Prints)) {
	t.Helper()
	j, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := j.OpenPrints(clock.System{}.Now())
	if err != nil {
		t.Fatal(err)
	}
	use(p)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// A printer that is cut off with a whole label in its hands: the page asks, the next labels come, and only a person's word prints it again.
func TestDoubtAsks(t *testing.T) {
	server := newServer(t)
	server.Decide = bookAll
	g, p := newGun(t), newPrinter(t)
	r := labelRig(t, t.TempDir(), server, g, p)
	b := newBrowser(r)
	g.send("\r")
	var plates []string
	for i := range 2 {
		p.Set(printertest.Fault{CutFull: true})
		g.scan(fmt.Sprint("piece ", i))
		s := r.until("a doubt", func(s State) bool { return s.Printing != nil && len(s.Printing.Doubtful) == 1 })
		plates = append(plates, s.Printing.Doubtful[0].Plate)
		if got := b.post("/agent/print/settle", SettleRequest{Plate: plates[i], Printed: i == 0}); got != "204" {
			t.Fatal(got)
		}
		r.until("no doubt", func(s State) bool { return len(s.Printing.Doubtful) == 0 && len(s.Printing.Waiting) == 0 })
	}
	// The fake did print before it was cut: the clerk who said no had not looked.
	if got, want := printed(t, p, 3), []string{plates[0], plates[1], plates[1]}; !slices.Equal(got, want) {
		t.Errorf("printed %v, want %v", got, want)
	}
}

// The agent is killed before the first byte of a label, after its last, after the record, and between an outcome and its label. No plate is printed twice;
// each is printed or a person is asked.
func TestKilledWhilePrinting(t *testing.T) {
	server := newServer(t)
	server.Decide = bookAll
	server.View = func() *scanner.BenchView { return &scanner.BenchView{Version: 1} }
	g, p := newGun(t), newPrinter(t)
	dir := t.TempDir()
	extra := "printer=" + p.URL(printerQuery)
	next := 0
	var looked []string // plates that were in doubt in an earlier life
	for _, tc := range []struct {
		point   string
		doubts  int
		printed bool // of the one in doubt
	}{{"print.sending:2", 1, false}, {"print.sent:1", 1, true}, {"print.done:2", 0, false}, {"uplink.stored:3", 0, false}, {"print.sent:3", 1, true}} {
		life := launch(t, dir, server, g, tc.point, extra)
		for range 400 {
			if !life.up() || !shoot(g, life, fmt.Sprint("code ", next)) {
				break
			}
			next++
		}
		<-life.ended
		if life.err == nil || !strings.Contains(life.err.Error(), "killed") {
			t.Fatalf("%s: the agent ended with %v\n%s", tc.point, life.err, life.log.String())
		}
		next++ // the last code may be safe without a beep; this life's is told from it
		life = launch(t, dir, server, g, "", extra)
		if !life.up() || !shoot(g, life, fmt.Sprint("code ", next)) {
			t.Fatalf("%s: the next life: %v\n%s", tc.point, life.err, life.log.String())
		}
		next++
		last := lastPlate(t, server, fmt.Sprint("code ", next-1))
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		if err := p.Wait(ctx, func(l []string, _ int) bool { return slices.Contains(platesOn(l), last) }); err != nil {
			t.Fatalf("%s: %v\n%s", tc.point, err, life.log.String())
		}
		cancel()
		if err := life.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if <-life.ended; life.err != nil {
			t.Fatalf("%s: %v\n%s", tc.point, life.err, life.log.String())
		}
		asked := settleDoubts(t, dir)
		// One more than the point itself leaves: a life may end, killed or not, while the printer has a label and the station has not heard so yet.
		if len(asked) < tc.doubts || len(asked) > tc.doubts+1 {
			t.Errorf("%s: %d labels in doubt, want %d or one more", tc.point, len(asked), tc.doubts)
		}
		counts := map[string]int{}
		for _, plate := range platesOn(p.Labels()) {
			counts[plate]++
		}
		ofThePoint := tc.doubts == 0
		for _, plate := range asked {
			ofThePoint = ofThePoint || (counts[plate] == 1) == tc.printed
			if counts[plate] > 1 {
				t.Errorf("%s: %s in doubt was printed %d times", tc.point, plate, counts[plate])
			}
			counts[plate] = 1 // the person has looked
		}
		if !ofThePoint {
			t.Errorf("%s: no label in doubt was printed: %v, as it is where the agent died", tc.point, tc.printed)
		}
		for _, s := range server.Scans() {
			if s.Plate != "" && counts[s.Plate] != 1 && !slices.Contains(looked, s.Plate) {
				t.Errorf("%s: %s of %q was printed %d times", tc.point, s.Plate, s.Data, counts[s.Plate])
			}
		}
		looked = append(looked, asked...)
	}
}

func lastPlate(t *testing.T, server *wiretest.Server, data string) string {
	t.Helper()
	plate := ""
	err := server.Wait(t.Context(), data, func(scans []scanner.Scan) bool {
		for _, s := range scans {
			if s.Data == data {
				plate = s.Plate
			}
		}
		return plate != ""
	})
	if err != nil {
		t.Fatal(err)
	}
	return plate
}

// settleDoubts answers for a person who has looked, and returns what was asked.
func settleDoubts(t *testing.T, dir string) []string {
	t.Helper()
	var asked []string
	record(t, dir, func(p *journal.Prints) {
		for _, job := range p.Unfinished() {
			if job.State != journal.PrintDoubt {
				t.Errorf("%s is still %s", job.Plate, job.State)
				continue
			}
			asked = append(asked, job.Plate)
			if err := p.Move(job.ID, journal.PrintDone, "looked", clock.System{}.Now()); err != nil {
				t.Error(err)
			}
		}
	})
	return asked
}
