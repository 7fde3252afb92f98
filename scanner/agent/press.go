package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/journal"
	"github.com/backdock/backdock/scanner/printer"
	"github.com/backdock/backdock/scanner/sticker"
)

const (
	// troublePause is how often a printer in trouble is asked again while labels wait, idlePause how often when none does.
	troublePause = 2 * time.Second
	idlePause    = 15 * time.Second
	// stopGrace is how long a label that is under way may take when the agent stops; after that it is in doubt.
	stopGrace = 3 * time.Second
	catchPage = 200
	shownJobs = 50
)

// press prints labels: each plate once, as soon as the server has booked the piece. Nothing else waits for it.
//
//	outcome stored ─▶ queued ─▶ sending (synced) ─▶ printer ─▶ printed
//	                    ▲  not sent ──┘   │ killed, cut off
//	                    └── print again ── doubt ── a person looks ──▶ printed
type press struct {
	agent   *Agent
	printer *printer.Printer
	format  sticker.Format
	record  *journal.Prints
	poke    chan struct{}

	showing sync.Mutex // held from building what the page shows to telling it, so that the newest comes last

	mu     sync.Mutex
	fresh  []booking
	state  printer.State
	failed bool // the record cannot be written any more
}

// booking is an outcome that came in while the agent runs.
type booking struct {
	producer string
	outcome  scanner.Outcome
}

func newPress(a *Agent) (*press, error) {
	record, err := a.journal.OpenPrints(a.Clock.Now())
	if err != nil {
		return nil, err
	}
	p := &press{agent: a, printer: a.Printer, format: a.Format, record: record, poke: make(chan struct{}, 1), state: printer.Ready}
	if a.Printer == nil {
		return p, record.SwitchOff()
	}
	return p, p.catchUp()
}

// catchUp queues what was booked and not yet queued when the last agent ended.
func (p *press) catchUp() error {
	j := p.agent.journal
	producer := j.Producer()
	at, err := p.record.Cursor(producer, j.OutcomeSeq())
	for err == nil {
		var page []scanner.Outcome
		if page, err = j.Outcomes(at+1, catchPage); err != nil || len(page) == 0 {
			break
		}
		for _, o := range page {
			if err == nil {
				err = p.take(booking{producer, o})
			}
		}
		at = page[len(page)-1].Seq
	}
	if err != nil {
		return fmt.Errorf("labels of the last run: %w", err)
	}
	return nil
}

// hear takes outcomes that were just stored. It does not block.
func (p *press) hear(producer string, outcomes []scanner.Outcome) {
	if p.printer == nil {
		return
	}
	p.mu.Lock()
	for _, o := range outcomes {
		if len(o.Effects) > 0 {
			p.fresh = append(p.fresh, booking{producer, o})
		}
	}
	p.mu.Unlock()
	p.wake()
}

func (p *press) wake() {
	select {
	case p.poke <- struct{}{}:
	default:
	}
}

// take queues the labels of one outcome, or drops those of a piece that was taken back.
func (p *press) take(b booking) error {
	for _, e := range b.outcome.Effects {
		switch {
		case e.Kind == scanner.EffectUnitBooked && !e.Stuck:
			job := p.agent.labelOf(b.outcome, e)
			job.Producer, job.Seq = b.producer, b.outcome.Seq
			if err := p.record.Queue(job); err != nil {
				return err
			}
		case e.Kind == scanner.EffectUnitUndone:
			job, ok := p.record.Of(e.Plate)
			if ok && (job.State == journal.PrintWaiting || job.State == journal.PrintDoubt) {
				if err := p.record.Move(job.ID, journal.PrintDropped, "undone", p.agent.Clock.Now()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// run prints until ctx ends.
func (p *press) run(ctx context.Context) {
	p.agent.showPrinting()
	for ctx.Err() == nil {
		wait := idlePause
		if err := p.takeFresh(); err != nil {
			p.fail(err)
			return
		}
		next, ok := p.next()
		switch {
		case !ok:
			_, err := p.printer.Status(ctx)
			p.hold(err)
		case p.print(ctx, next):
			continue
		default:
			wait = troublePause
		}
		select {
		case <-ctx.Done():
		case <-p.poke:
		case <-time.After(wait):
		}
	}
}

func (p *press) takeFresh() error {
	p.mu.Lock()
	fresh := p.fresh
	p.fresh = nil
	p.mu.Unlock()
	for _, b := range fresh {
		if err := p.take(b); err != nil {
			return err
		}
	}
	if len(fresh) > 0 {
		p.agent.showPrinting()
	}
	return nil
}

// next is the oldest label that nothing was sent of.
func (p *press) next() (journal.PrintJob, bool) {
	for _, job := range p.record.Unfinished() {
		if job.State == journal.PrintWaiting {
			return job, true
		}
	}
	return journal.PrintJob{}, false
}

// print prints one label and reports whether it is out of the queue. The intent is on the disk before the first byte leaves: after a crash the label is in doubt
// and is not printed again by itself.
func (p *press) print(ctx context.Context, job journal.PrintJob) bool {
	a := p.agent
	zpl, err := p.zpl(job)
	if err != nil {
		p.settle(job, journal.PrintDropped, err.Error())
		return true
	}
	if _, err := p.printer.Status(ctx); err != nil || ctx.Err() != nil {
		p.hold(err)
		return false
	}
	if !p.settle(job, journal.PrintSending, "") {
		return false
	}
	killpoint.Hit("print.sending")
	bounded, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })
	defer stop()
	err = p.printer.Print(bounded, zpl, func(s printer.State) { p.report(s) })
	killpoint.Hit("print.sent")
	p.hold(err)
	switch trouble := printer.Of(err); {
	case err == nil:
		return p.settle(job, journal.PrintDone, "")
	case trouble.Doubt:
		a.Log.Warn("a label may have been printed or not", "plate", job.Plate, "err", err)
		return p.settle(job, journal.PrintDoubt, trouble.Error())
	default:
		p.settle(job, journal.PrintWaiting, trouble.Error())
		return false
	}
}

func (p *press) zpl(job journal.PrintJob) ([]byte, error) {
	page, err := plateOf(job).Page(p.format)
	if err != nil {
		return nil, err
	}
	return sticker.ZPL(page), nil
}

func plateOf(job journal.PrintJob) sticker.Plate {
	return sticker.Plate{Number: job.Plate, Name: job.Name, SKU: job.SKU, Tote: job.Tote, Day: job.Day, Copy: job.Copy}
}

// settle records a state and shows it; false when the record failed.
func (p *press) settle(job journal.PrintJob, to journal.PrintState, why string) bool {
	if err := p.record.Move(job.ID, to, why, p.agent.Clock.Now()); err != nil {
		p.fail(err)
		return false
	}
	if to == journal.PrintDone {
		killpoint.Hit("print.done")
	}
	p.agent.showPrinting()
	return true
}

// hold shows how the printer is after an exchange with it.
func (p *press) hold(err error) {
	switch {
	case err == nil:
		p.report(printer.Ready)
	case !errors.Is(err, context.Canceled):
		p.report(printer.Of(err).State)
	}
}

func (p *press) report(s printer.State) {
	p.mu.Lock()
	before := p.state
	p.state = s
	p.mu.Unlock()
	device := scanner.DeviceFault
	switch s {
	case printer.Ready:
		device = scanner.DeviceConnected
	case printer.Unreachable:
		device = scanner.DeviceGone
	}
	p.agent.setDevice(p.agent.printerName, device, trouble{detail: s.Sentence()})
	if s != before {
		p.agent.showPrinting()
	}
}

// fail stops printing for good: without its record nobody could tell what was printed twice. Scanning goes on.
func (p *press) fail(err error) {
	p.mu.Lock()
	first := !p.failed
	p.failed = true
	p.mu.Unlock()
	if first {
		p.agent.Log.Error("labels are printed no more until the agent is restarted on a working disk", "err", err)
	}
	p.agent.setDevice(p.agent.printerName, scanner.DeviceFault, trouble{detail: "the record of printed labels cannot be written: restart the station program on a working disk"})
	p.agent.showPrinting()
}

var (
	errNoPrinter   = fault.New(fault.Invalid, "no_printer", "this station has no printer: print the label from the browser")
	errPlateForm   = fault.New(fault.Invalid, "plate_invalid", "that is no license plate")
	errNotHere     = fault.New(fault.NotFound, "label_unknown", "this station has not labelled that piece: print it from the piece's page on the server")
	errReason      = fault.New(fault.Invalid, "reason_missing", "say why a second label is needed")
	errNoDoubt     = fault.New(fault.Conflict, "no_doubt", "that label is not in question any more")
	errPrintFailed = fault.New(fault.Unavailable, "print_record", "the record of printed labels cannot be written: restart the station program on a working disk")
)

// reprint queues a copy. Only a person asks for one, and says why.
func (p *press) reprint(plate, reason string) error {
	number, ok := scanner.PlateNumber(plate)
	switch {
	case p.printer == nil:
		return errNoPrinter
	case !ok:
		return errPlateForm
	case reason == "":
		return errReason
	}
	plate = scanner.Plate(number)
	job, ok := p.agent.labelFor(plate)
	if !ok {
		return errNotHere
	}
	if before, ok := p.record.Of(plate); ok && before.State == journal.PrintWaiting {
		return nil // it is about to come
	}
	job.Reason, job.At, job.Copy = reason, p.agent.Clock.Now(), 2
	job.Producer, job.Seq, job.State = "", 0, ""
	if err := p.record.Queue(job); err != nil {
		p.fail(err)
		return errPrintFailed
	}
	p.agent.Log.Info("label is printed again", "plate", plate, "reason", reason)
	p.agent.showPrinting()
	p.wake()
	return nil
}

// answer takes a person's word on a label in doubt: it is there, or it is not and is printed.
func (p *press) answer(plate string, printed bool) error {
	job, ok := p.record.Of(plate)
	if !ok || job.State != journal.PrintDoubt {
		return errNoDoubt
	}
	to, why := journal.PrintWaiting, "a person saw that it did not come out"
	if printed {
		to, why = journal.PrintDone, "a person has it"
	}
	if !p.settle(job, to, why) {
		return errPrintFailed
	}
	p.wake()
	return nil
}
