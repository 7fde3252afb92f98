package agent

import (
	"bytes"
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/logbook"
)

// resendWindow is how long after a NAK the same code is the scanner's own second try. A person is not quicker than the scanner, and what is answered so cannot
// be used in any case.
const resendWindow = 10 * time.Second

// brokenLimit is how many packets may come damaged one after the other before a person is told: the scanner gives up after three.
const brokenLimit = 3

// responder answers one scanner for as long as it is open. A good answer goes out after the scan is on the disk, never before.
type responder struct {
	agent   *Agent
	scanner Scanner
	beeps   chan<- []byte
	last    answered
	broken  int // packets in a row
}

// answered is the last code and what the scanner was told.
type answered struct {
	raw   []byte
	at    time.Duration
	kept  bool // it is in the journal, or it is no code: a second copy changes nothing
	reply []byte
}

// take handles one event of the scanner.
func (r *responder) take(e frame.Event) {
	f := r.scanner.Feedback
	switch {
	case e.Kind == frame.Packet:
		r.broken = 0
		r.say(f.Part)
	case e.Kind == frame.Broken:
		r.agent.note(r.scanner.Name, logbook.Entry{What: logbook.Damaged, Bytes: e.Lost, Detail: "a packet failed its checksum"})
		if r.broken++; r.broken == brokenLimit {
			r.agent.notice(Notice{Code: NoticePartial, Device: r.scanner.Name, Tone: scanner.ToneError, Bytes: e.Lost})
		}
		r.say(f.Again)
	case r.again(e):
		r.broken = 0
		r.last.at = e.At
		r.say(r.last.reply)
	default:
		r.broken = 0
		r.answer(e)
	}
}

// again reports whether an event is the last code once more, sent by the scanner itself, and recorded already.
func (r *responder) again(e frame.Event) bool {
	if !r.last.kept {
		return false
	}
	return e.Repeat || r.scanner.Feedback.Resends && bytes.Equal(r.last.reply, r.scanner.Feedback.Bad) && e.Kind == frame.Complete &&
		bytes.Equal(e.Data, r.last.raw) && e.At-r.last.at <= resendWindow
}

// answer records a code and tells the scanner.
func (r *responder) answer(e frame.Event) {
	f := r.scanner.Feedback
	kept, good := r.agent.safe(r.scanner, e)
	code := e.Kind == frame.Complete || e.Kind == frame.Overflow
	reply := f.Bad
	switch {
	case good:
		reply = f.Good
	case e.Kind == frame.NoRead:
		reply = f.Part
	case len(f.Part) == 0:
	case !code:
		reply = nil // bytes of no packet are not answered
	case !kept:
		reply = f.Again // not on the disk: an acknowledgement would make the scanner forget it
	}
	if code || e.Kind == frame.NoRead {
		r.last = answered{raw: e.Data, at: e.At, kept: kept || !code, reply: reply}
	}
	r.say(reply)
}

func (r *responder) say(b []byte) {
	if len(b) == 0 {
		return
	}
	select {
	case r.beeps <- b:
	default: // eight beeps behind: this scanner does not listen, and scanning must go on
	}
}
