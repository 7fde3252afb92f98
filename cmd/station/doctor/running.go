package doctor

import (
	"strconv"

	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/printer"
	"github.com/backdock/backdock/scanner/wire"
)

// problems of a link that somebody has to mend.
var problems = map[string]string{
	agent.NoticeJournalFailed: "journal_failed",
	wire.ErrRevoked:           "token_refused",
	wire.ErrVersion:           "version_mismatch",
	wire.ErrProducer:          "journal_foreign",
}

// running asks the agent.
func running(f Facts) []Finding {
	a := f.Agent
	switch {
	case a.Err != nil:
		return []Finding{finding(Wrong, "agent_silent", "pid", strconv.Itoa(a.PID), "why", a.Err.Error())}
	case a.PID == 0:
		return []Finding{finding(Note, "agent_none", "dir", f.Data.Dir)}
	case a.State == nil:
		return []Finding{finding(OK, "agent_pageless", "pid", strconv.Itoa(a.PID))}
	}
	s := a.State
	out := []Finding{finding(OK, "agent_ok", "queued", strconv.Itoa(s.Link.Queued), "plates", strconv.Itoa(s.PlatesLeft))}
	if s.Link.Problem != "" {
		code, known := problems[s.Link.Problem]
		if !known {
			code = "link_problem"
		}
		out = append(out, finding(Wrong, code, "server", s.Link.Server, "problem", s.Link.Problem))
	}
	if s.PlatesLeft == 0 && !s.Link.Online {
		out = append(out, finding(Wrong, "plates_gone"))
	}
	return append(out, unprinted(s.Printing)...)
}

// unprinted are labels of pieces that are booked. One that waits while the printer works is on its way.
func unprinted(p *agent.Printing) []Finding {
	if p == nil {
		return nil
	}
	var out []Finding
	if n := len(p.Waiting) + p.Unshown; n > 0 {
		level := Wrong
		if p.State == printer.Ready {
			level = Note
		}
		waiting := finding(Wrong, "labels_waiting", "n", strconv.Itoa(n), "plate", p.Waiting[0].Plate, "at", p.Waiting[0].At.Local().Format("2006-01-02 15:04"))
		waiting.Level = level
		out = append(out, waiting)
	}
	if n := len(p.Doubtful); n > 0 {
		out = append(out, finding(Wrong, "labels_doubtful", "n", strconv.Itoa(n)))
	}
	return out
}
