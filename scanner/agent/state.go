package agent

import (
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/guess"
	"github.com/backdock/backdock/scanner/scale"
)

// RecentScans is how many scans the page shows.
const RecentScans = 30

const keptNotices = 10

// State is all that the station page shows. Web's Station view reads it.
type State struct {
	Station    string             `json:"station"`
	Bench      string             `json:"bench,omitempty"`
	Version    string             `json:"version"`
	Lang       string             `json:"lang"`
	Link       Link               `json:"link"`
	Devices    []scanner.Device   `json:"devices"`
	View       *scanner.BenchView `json:"view"`
	Recent     []LocalScan        `json:"recent"`  // newest first
	Notices    []Notice           `json:"notices"` // newest first
	PlatesLeft int                `json:"plates_left"`
	Printing   *Printing          `json:"printing"` // nil: no printer
	Weight     *scale.Weight      `json:"weight"`   // what stands on the scale now; nil: nothing, or no scale

	Expected    Expected    `json:"expected"`
	Differences Differences `json:"differences"`
}

// Expected is how much the station knows of what its warehouse awaits.
type Expected struct {
	Returns int       `json:"returns"`
	Checked time.Time `json:"checked"` // when the server last said that this is all; zero since the start: not yet
}

// Differences are provisional answers that turned out otherwise and that nobody has dealt with: the oldest of them, and how many there are.
type Differences struct {
	All  int                `json:"all"`
	List []guess.Difference `json:"list"`
}

// ShownDifferences is how many differences the page shows at once.
const ShownDifferences = 50

// Link is the way to the server.
type Link struct {
	Online   bool      `json:"online"`
	Queued   int       `json:"queued"` // journalled, not yet accepted
	Since    time.Time `json:"since"`  // of Online
	Server   string    `json:"server"`
	OffsetMS int64     `json:"offset_ms"` // server's clock minus ours
	Problem  string    `json:"problem,omitempty"`
}

// Lights are the three stages of one scan.
type Lights struct {
	Captured bool `json:"captured"` // on this machine's disk
	Accepted bool `json:"accepted"` // the server has it
	Applied  bool `json:"applied"`  // its outcome is stored here
}

// LocalScan is one scan as the page shows it.
type LocalScan struct {
	Producer    string           `json:"producer"`
	Seq         uint64           `json:"seq"`
	Data        string           `json:"data"`
	Symbology   string           `json:"symbology"`
	Device      string           `json:"device"`
	Source      scanner.Source   `json:"source"`
	CapturedAt  time.Time        `json:"captured_at"`
	Lights      Lights           `json:"lights"`
	Flags       []scanner.Flag   `json:"flags"`
	Plate       string           `json:"plate,omitempty"` // reserved; void unless the outcome says the same
	Outcome     *scanner.Outcome `json:"outcome"`
	Provisional *Provisional     `json:"provisional"` // only while the link is down and no outcome has come
}

// Notice is something that happened without a scan: bytes that were dropped, a scanner that saw nothing, a disk that failed.
type Notice struct {
	Code   string       `json:"code"`
	Device string       `json:"device,omitempty"`
	Tone   scanner.Tone `json:"tone"`
	At     time.Time    `json:"at"`
	Bytes  int          `json:"bytes,omitempty"` // dropped
	Data   string       `json:"data,omitempty"`  // resumed: the last journalled scan
}

// Codes of notices. Each has a text in both languages in web/src/i18n.
const (
	NoticePartial       = "partial_dropped" // bytes without a beginning: scan again
	NoticeCutOff        = "cut_off"         // bytes without an end: scan again; if it happens every time the scanner sends another suffix
	NoticeDamaged       = "damaged_dropped" // something within a code was lost on the way: scan again
	NoticeNoRead        = "no_read"         // the scanner saw no code
	NoticeOverflow      = "overflow"        // longer than any code
	NoticeJournalFailed = "journal_failed"  // the disk failed: nothing is recorded any more
	NoticeResumed       = "resumed"         // started; the last scan that is safe is Data
	NoticeTyped         = "typed_refused"   // typed text that cannot be a scan
)

func local(producer string, s scanner.Scan, o *scanner.Outcome) LocalScan {
	flags := s.Flags
	if flags == nil {
		flags = []scanner.Flag{}
	}
	return LocalScan{Producer: producer, Seq: s.Seq, Data: s.Data, Symbology: s.Symbology, Device: s.Device, Source: s.Source, CapturedAt: s.CapturedAt,
		Lights: Lights{Captured: true, Accepted: o != nil, Applied: o != nil}, Flags: flags, Plate: s.Plate, Outcome: o}
}
