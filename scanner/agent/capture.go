package agent

import (
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/killpoint"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

// read is one code as it came in.
type read struct {
	device    string
	source    scanner.Source
	raw       []byte
	symbology string        // where the device tells it apart from the bytes
	at        time.Duration // monotonic, when the last byte came
	flags     []scanner.Flag
	double    time.Duration // window of a double read; 0 for none
}

// newest is the last scan of the station, for double reads.
type newest struct {
	device, raw string
	at          time.Duration
}

// capture makes one code durable. When it returns without an error the scan is safe; the beep may follow.
func (a *Agent) capture(in read) (scanner.Scan, error) {
	a.capturing.Lock()
	defer a.capturing.Unlock()
	scan, reading := a.scanOf(in)
	if mayBePiece(scan, reading) && !a.preprinted() {
		n, ok, err := a.journal.Plates().Take()
		if err != nil {
			// The scan itself can still be kept: the server gives a plate to the piece.
			a.Log.Error("license plates cannot be set apart", "err", err)
		}
		if ok {
			scan.Plate = scanner.Plate(n)
		}
	}
	a.putWeight(&scan, reading, in.at)
	producer, err := a.journal.Append(&scan)
	if err != nil {
		a.failed(err)
		return scanner.Scan{}, err
	}
	killpoint.Hit("agent.captured")
	a.last = newest{device: in.device, raw: string(in.raw), at: in.at}
	if in.source == scanner.FromDevice {
		a.lastOf[in.device] = string(in.raw)
		delete(a.reopened, in.device)
	}
	a.show(producer, scan, reading)
	a.uplink.Notify()
	return scan, nil
}

// scanOf makes the scan of a code, all but seq and plate.
func (a *Agent) scanOf(in read) (scanner.Scan, barcode.Reading) {
	text := barcode.DecodeAs(in.raw, in.symbology)
	scan := scanner.Scan{Device: in.device, Source: in.source, CapturedAt: a.Clock.Now(), MonoMicros: in.at.Microseconds(), Raw: in.raw,
		Data: text.Data, Charset: text.Charset, Symbology: text.Symbology, Flags: in.flags}
	if text.NotText {
		scan.Flags = append(scan.Flags, scanner.NotText)
	}
	raw := string(in.raw)
	switch before, known := a.lastOf[in.device]; {
	case a.reopened[in.device]:
		if known && before == raw {
			scan.Flags = append(scan.Flags, scanner.RepeatAfterRestart)
		}
	case in.double > 0 && a.last.device == in.device && a.last.raw == raw && in.at-a.last.at <= in.double:
		scan.Flags = append(scan.Flags, scanner.DoubleRead)
	}
	return scan, a.Codes.Read(scan.Data, scan.Symbology)
}

// preprinted reports whether pieces of this bench get their plates from a roll. As long as nobody has said so they are set apart as usual: unused ones are void.
func (a *Agent) preprinted() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.view != nil && a.view.Plates == scanner.PlatesPreprinted
}

// mayBePiece decides whether a license plate is set apart: for anything but what certainly is none. A plate that is not used is void, which costs a
// number; a piece without a plate costs a clerk's walk.
func mayBePiece(s scanner.Scan, r barcode.Reading) bool {
	if !usable(s) {
		return false
	}
	if _, _, ok := scanner.Control(s.Data); ok {
		return false
	}
	if _, ok := scanner.PlateNumber(s.Data); ok {
		return false
	}
	_, waybill := r.Waybill(barcode.High)
	return !waybill
}

// typed takes what a person entered on the page. It is journalled like any scan.
func (a *Agent) typed(source scanner.Source, data string) {
	_, _, control := scanner.Control(data)
	if data == "" || len(data) > maxTyped || (source == scanner.FromKey && !control) {
		a.notice(Notice{Code: NoticeTyped, Tone: scanner.ToneError})
		return
	}
	// A failure was told to everybody already.
	_, _ = a.capture(read{device: "page", source: source, raw: []byte(data), at: mono()})
}

// maxTyped is the longest text a person may type.
const maxTyped = 512

// failed tells everybody that nothing is recorded any more.
func (a *Agent) failed(err error) {
	a.mu.Lock()
	first := a.problem == ""
	a.problem = NoticeJournalFailed
	a.mu.Unlock()
	if first {
		a.Log.Error("the journal failed; scans are refused until the agent is restarted on a working disk", "err", err)
	}
	a.notice(Notice{Code: NoticeJournalFailed, Tone: scanner.ToneError})
	a.publishLink()
}

// resume reads what the page shows after a start, and the last scan of each device.
func (a *Agent) resume() error {
	entries, err := a.journal.Recent(lookBack)
	if err != nil {
		return err
	}
	producer := a.journal.Producer()
	for i, e := range entries {
		if i < RecentScans {
			a.recent = append(a.recent, entry{LocalScan: local(producer, e.Scan, e.Outcome)})
		}
		if _, known := a.lastOf[e.Scan.Device]; !known && e.Scan.Source == scanner.FromDevice {
			a.lastOf[e.Scan.Device] = string(e.Scan.Raw)
		}
	}
	for _, d := range a.Scanners {
		a.reopened[d.Name] = true
	}
	if len(entries) > 0 {
		a.notice(Notice{Code: NoticeResumed, Device: entries[0].Scan.Device, Tone: scanner.ToneMid, Data: entries[0].Scan.Data})
	}
	if n := a.journal.Damage(); n > 0 {
		a.Log.Error("the disk had lost scans; each is reported to the server as damaged", "scans", n)
	}
	return nil
}

// lookBack is how many scans resume reads to find each device's last one.
const lookBack = 500

func mono() time.Duration { return time.Duration(clock.Mono()) * time.Microsecond }
