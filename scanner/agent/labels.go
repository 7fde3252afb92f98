package agent

import (
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/journal"
	"github.com/backdock/backdock/scanner/printer"
)

// Printing is what the page shows of the printer.
type Printing struct {
	Printer  string        `json:"printer"` // name; empty: this station has none
	State    printer.State `json:"state"`
	Waiting  []PrintRow    `json:"waiting"`  // oldest first, at most 50
	Unshown  int           `json:"unshown"`  // that wait besides
	Doubtful []PrintRow    `json:"doubtful"` // perhaps printed: a person has to look
}

// PrintRow is a label that is not surely printed.
type PrintRow struct {
	Plate  string    `json:"plate"`
	Name   string    `json:"name"`
	Copy   int       `json:"copy"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// printing builds what the page shows. The record may be syncing, so this never runs under a.mu.
func (p *press) printing() *Printing {
	if p.printer == nil {
		return nil
	}
	p.mu.Lock()
	out := &Printing{Printer: p.agent.printerName, State: p.state, Waiting: []PrintRow{}, Doubtful: []PrintRow{}}
	if p.failed {
		out.State = "record_failed"
	}
	p.mu.Unlock()
	for _, job := range p.record.Unfinished() {
		row := PrintRow{Plate: job.Plate, Name: job.Name, Copy: job.Copy, Reason: job.Reason, At: job.At}
		switch {
		case job.State == journal.PrintDoubt:
			out.Doubtful = append(out.Doubtful, row)
		case len(out.Waiting) < shownJobs:
			out.Waiting = append(out.Waiting, row)
		default:
			out.Unshown++
		}
	}
	return out
}

// showPrinting tells the page.
func (a *Agent) showPrinting() {
	a.press.showing.Lock()
	defer a.press.showing.Unlock()
	p := a.press.printing()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.printing = p
	a.publish(message{Op: "printing", Printing: p})
}

// labelOf makes the label of a booked piece from its outcome.
func (a *Agent) labelOf(o scanner.Outcome, e scanner.Effect) journal.PrintJob {
	return journal.PrintJob{Plate: e.Plate, SKU: e.SKU, Name: a.nameIn(o.Params), Tote: o.Tote, Day: o.At.In(a.zone()).Format(time.DateOnly), Copy: 1, At: a.Clock.Now()}
}

// nameIn is the product's name in the station's language; a piece that nobody can name has the code that was read from it.
func (a *Agent) nameIn(params map[string]string) string {
	keys := []string{"sku", "got", "sku_en", "got_en", "serial", "code"}
	if a.Lang == "en" {
		keys = []string{"sku_en", "got_en", "sku", "got", "serial", "code"}
	}
	for _, k := range keys {
		if params[k] != "" {
			return params[k]
		}
	}
	return ""
}

// zone is the warehouse's, so that the day on a label is the one on the wall.
func (a *Agent) zone() *time.Location {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.view != nil {
		if z, err := time.LoadLocation(a.view.TimeZone); err == nil {
			return z
		}
	}
	return time.Local
}

// labelFor finds what stands on the label of a plate: as it was printed, else as the piece was booked lately.
func (a *Agent) labelFor(plate string) (journal.PrintJob, bool) {
	if job, ok := a.press.record.Of(plate); ok {
		return job, true
	}
	entries, err := a.journal.Recent(lookBack)
	if err != nil {
		a.Log.Error("recent scans cannot be read", "err", err)
		return journal.PrintJob{}, false
	}
	for _, entry := range entries {
		if entry.Outcome == nil {
			continue
		}
		for _, e := range entry.Outcome.Effects {
			if e.Kind == scanner.EffectUnitBooked && e.Plate == plate {
				return a.labelOf(*entry.Outcome, e), true
			}
		}
	}
	return journal.PrintJob{}, false
}
