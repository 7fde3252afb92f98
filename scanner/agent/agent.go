package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
	"github.com/backdock/backdock/scanner/expected"
	"github.com/backdock/backdock/scanner/guess"
	"github.com/backdock/backdock/scanner/journal"
	"github.com/backdock/backdock/scanner/logbook"
	"github.com/backdock/backdock/scanner/printer"
	"github.com/backdock/backdock/scanner/scale"
	"github.com/backdock/backdock/scanner/sticker"
	"github.com/backdock/backdock/scanner/uplink"
)

// Config is a station. Dir, Server, Token, Clock and Log are required.
type Config struct {
	Dir      string // journal and enrolment
	Server   string
	Token    string
	Station  string // name, from the enrolment
	Bench    string
	Version  string
	Lang     string // zh or en
	Page     string // loopback address of the station page; empty for none
	Web      fs.FS  // built station page; nil when there is none
	Scanners []Scanner
	Codes    *barcode.Reader  // nil takes the built-in courier rules
	Scale    *scale.Scale     // nil: none
	Printer  *printer.Printer // nil: none; labels are printed from the browser
	Format   sticker.Format   // of labels
	Clock    clock.Clock
	Log      *slog.Logger
}

// Agent is a running station. Make it with New, then Run it.
type Agent struct {
	Config
	journal *journal.Journal
	uplink  *uplink.Uplink
	page    *page
	book    *logbook.Book
	press   *press
	weigher weigher

	scaleName, printerName string // in the list of devices
	cache                  *expected.Cache
	said                   *guess.Book
	follow                 *follower
	fetch                  *fetch

	// capturing is held from a code's bytes to its light, so that seq is the order in which codes ended.
	capturing sync.Mutex
	last      newest            // newest scan of the station
	lastOf    map[string]string // device → raw bytes of its newest scan
	reopened  map[string]bool   // device → no scan since it was opened

	// mu guards what the page shows. Nothing that blocks happens under it.
	mu      sync.Mutex
	recent  []entry // newest first
	notices []Notice
	view    *scanner.BenchView
	link    uplink.Link
	checked time.Time // when the list of awaited returns was last whole
	devices []scanner.Device
	problem string

	printing    *Printing
	weight      *scale.Weight
	weightShown time.Duration
	anyView     bool // the link is new: its first view counts, however old a restored server makes it

	bookFailed atomic.Bool
}

// entry is a recent scan with what the station itself thinks of it.
type entry struct {
	LocalScan
	guess *Provisional
}

// New opens the journal. Close it with Close, or let Run do so.
func New(c Config) (a *Agent, err error) {
	if c.Codes == nil {
		c.Codes = barcode.NewReader(nil)
	}
	j, err := journal.Open(c.Dir)
	if err != nil {
		return nil, err
	}
	a = &Agent{Config: c, journal: j, book: logbook.New(c.Dir, c.Log), lastOf: map[string]string{}, reopened: map[string]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
			a = nil
		}
	}()
	a.listDevices()
	a.uplink, err = uplink.New(uplink.Config{Server: c.Server, Token: c.Token, Agent: c.Version, Journal: j, Sink: a, Clock: c.Clock, Log: c.Log, Devices: a.deviceList})
	if err != nil {
		return a, err
	}
	a.link = a.uplink.Link()
	if err = a.resume(); err != nil {
		return a, err
	}
	if err = a.remember(); err != nil {
		return a, err
	}
	if a.press, err = newPress(a); err != nil {
		return a, err
	}
	if c.Page != "" {
		if a.page, err = listen(a, c.Page); err != nil {
			return a, err
		}
	}
	return a, nil
}

// Run works until ctx ends, then lets go of everything. A failure of the journal does not end it: the page must be able to say so.
func (a *Agent) Run(ctx context.Context) error {
	var running, keeping sync.WaitGroup
	booking, closeBook := context.WithCancel(context.WithoutCancel(ctx)) // it ends behind those who write in it
	defer closeBook()
	keeping.Go(func() { a.book.Run(booking) })
	for _, s := range a.Scanners {
		running.Go(func() { a.supervise(ctx, s) })
	}
	if a.Scale != nil {
		running.Go(func() { a.weigh(ctx) })
	}
	if a.Printer != nil {
		running.Go(func() { a.press.run(ctx) })
	}
	running.Go(func() { a.fetch.run(ctx) })
	running.Go(func() { a.follow.run(ctx) })
	running.Go(func() {
		if err := a.uplink.Run(ctx); err != nil {
			a.failed(err)
		}
	})
	var err error
	if a.page != nil {
		err = a.page.serve(ctx)
	}
	<-ctx.Done()
	running.Wait()
	closeBook()
	keeping.Wait()
	return errors.Join(err, a.close())
}

// PageURL is where the station page is, empty without one.
func (a *Agent) PageURL() string {
	if a.page == nil {
		return ""
	}
	return a.page.url
}

func (a *Agent) close() error {
	var errs []error
	if a.page != nil {
		errs = append(errs, a.page.close())
	}
	if a.press != nil {
		errs = append(errs, a.press.record.Close())
	}
	if a.cache != nil {
		a.cache.Close()
	}
	if a.said != nil {
		errs = append(errs, a.said.Close())
	}
	if err := a.journal.Close(); err != nil {
		errs = append(errs, fmt.Errorf("close journal: %w", err))
	}
	return errors.Join(errs...)
}

// State is what the page shows now.
func (a *Agent) State() State {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state()
}

func (a *Agent) state() State {
	s := State{Station: a.Station, Bench: a.Bench, Version: a.Version, Lang: a.Lang, Link: a.linkState(), View: a.view,
		Devices: append([]scanner.Device{}, a.devices...), Notices: append([]Notice{}, a.notices...), PlatesLeft: a.journal.Plates().Left(), Recent: []LocalScan{},
		Printing: a.printing, Weight: a.weight}
	for _, e := range a.recent {
		s.Recent = append(s.Recent, a.shown(e))
	}
	_, _, returns, _ := a.cache.Size()
	s.Expected = Expected{Returns: returns, Checked: a.checked}
	s.Differences = a.differences()
	return s
}

// shown adds the station's own guess while nobody better can be asked.
func (a *Agent) shown(e entry) LocalScan {
	l := e.LocalScan
	if !a.link.Online && l.Outcome == nil {
		l.Provisional = e.guess
	}
	return l
}

func (a *Agent) linkState() Link {
	l := Link{Online: a.link.Online, Since: a.link.Since, Server: a.Server, OffsetMS: a.link.Offset.Milliseconds(), Problem: a.link.Problem}
	if a.problem != "" {
		l.Problem = a.problem
	}
	if next := a.journal.NextSeq(); next > a.link.Acked {
		l.Queued = int(next - 1 - a.link.Acked)
	}
	return l
}

// listDevices names what the station has. A name stands for one device: a scale or printer called like a scanner gets a number.
func (a *Agent) listDevices() {
	add := func(kind scanner.DeviceKind, name, url string) string {
		taken := func(n string) bool {
			return slices.ContainsFunc(a.devices, func(d scanner.Device) bool { return d.Name == n })
		}
		unique := name
		for n := 2; taken(unique); n++ {
			unique = fmt.Sprintf("%s-%d", name, n)
		}
		a.devices = append(a.devices, scanner.Device{Kind: kind, Name: unique, URL: url, State: scanner.DeviceConnecting, Code: scanner.DeviceSought, Detail: "being looked for", Since: a.Clock.Now()})
		return unique
	}
	for _, s := range a.Scanners {
		add(scanner.KindScanner, s.Name, s.URL)
	}
	if a.Scale != nil {
		a.scaleName = add(scanner.KindScale, a.Scale.Name, a.Scale.URL)
		a.weigher.window = a.Scale.Window
	}
	if a.Printer != nil {
		a.printerName = add(scanner.KindPrinter, a.Printer.Name, a.Printer.URL)
	}
}

// show puts a new scan on the page: light 1.
func (a *Agent) show(producer string, s scanner.Scan, r barcode.Reading) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := entry{LocalScan: local(producer, s, nil)}
	if a.follow.ready {
		e.guess = a.follow.take(producer, s, r)
	}
	a.recent = append([]entry{e}, a.recent[:min(len(a.recent), RecentScans-1)]...)
	for i := range a.devices {
		if a.devices[i].Name == s.Device {
			a.devices[i].Scans++
			a.devices[i].LastScan = s.CapturedAt
		}
	}
	a.publish(message{Op: "scan", Scan: ptr(a.shown(e))})
	a.publish(message{Op: "link", Link: ptr(a.linkState())})
}

// notice tells the page about something that is no scan.
func (a *Agent) notice(n Notice) {
	n.At = a.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.notices = append([]Notice{n}, a.notices[:min(len(a.notices), keptNotices-1)]...)
	a.publish(message{Op: "notice", Notice: &n})
}

func (a *Agent) publishLink() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.publish(message{Op: "link", Link: ptr(a.linkState())})
}

func (a *Agent) deviceList() []scanner.Device {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]scanner.Device{}, a.devices...)
}

// trouble is why a device cannot be used; zero when it can.
type trouble struct {
	code          scanner.DeviceCode
	about, detail string
}

func (a *Agent) setDevice(name string, state scanner.DeviceState, t trouble) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.devices {
		d := &a.devices[i]
		if d.Name != name || (d.State == state && d.Detail == t.detail) {
			continue
		}
		if d.State != state {
			d.Since = a.Clock.Now()
		}
		d.State, d.Detail, d.Code, d.About = state, t.detail, t.code, t.about
		if d.Kind == scanner.KindScanner { // the others' own records say more
			a.note(name, logbook.Entry{What: states[state], Detail: t.detail})
		}
		a.Log.Info("device", "device", name, "state", state, "code", t.code, "detail", t.detail)
		a.publish(message{Op: "devices", Devices: append([]scanner.Device{}, a.devices...)})
		a.uplink.DevicesChanged()
	}
}

// states names a device's states in its log.
var states = map[scanner.DeviceState]logbook.What{scanner.DeviceConnected: logbook.Connected, scanner.DeviceGone: logbook.Gone, scanner.DeviceFault: logbook.Fault}

// note writes in a device's log.
func (a *Agent) note(device string, e logbook.Entry) {
	e.At = a.Clock.Now()
	a.book.Log(device, e)
}

func ptr[T any](v T) *T { return &v }
