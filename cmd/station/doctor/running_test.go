package doctor

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/printer"
	"github.com/backdock/backdock/scanner/wire"
)

// at work is an agent whose link is as given.
func atWork(l agent.Link) Agent {
	return Agent{PID: 7, State: &agent.State{Link: l, PlatesLeft: 300}}
}

// atPrinter is an agent with labels that are not surely printed.
func atPrinter(s printer.State, waiting, unshown, doubtful int) Agent {
	a := atWork(agent.Link{Online: true})
	rows := func(n int) []agent.PrintRow {
		return slices.Repeat([]agent.PrintRow{{Plate: "U0000000424", Name: "coat", At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}, n)
	}
	a.State.Printing = &agent.Printing{Printer: "zebra", State: s, Waiting: rows(waiting), Unshown: unshown, Doubtful: rows(doubtful)}
	return a
}

func TestRunning(t *testing.T) {
	spent := atWork(agent.Link{})
	spent.State.PlatesLeft = 0
	fresh := atWork(agent.Link{Online: true})
	fresh.State.PlatesLeft = 0
	judge(t, running, []judged{
		{"none", Facts{}, "note agent_none"},
		{"at work", Facts{Agent: atWork(agent.Link{Online: true, Queued: 3})}, "ok agent_ok queued=3"},
		{"without a page", Facts{Agent: Agent{PID: 7}}, "ok agent_pageless"},
		{"killed", Facts{Agent: Agent{PID: 7, Err: errors.New("connection refused")}}, "WRONG agent_silent"},
		{"the disk failed", Facts{Agent: atWork(agent.Link{Problem: agent.NoticeJournalFailed})}, "ok agent_ok queued=0; WRONG journal_failed"},
		{"revoked", Facts{Agent: atWork(agent.Link{Problem: wire.ErrRevoked})}, "ok agent_ok queued=0; WRONG token_refused"},
		{"another version", Facts{Agent: atWork(agent.Link{Problem: wire.ErrVersion})}, "ok agent_ok queued=0; WRONG version_mismatch"},
		{"another station's journal", Facts{Agent: atWork(agent.Link{Problem: wire.ErrProducer})}, "ok agent_ok queued=0; WRONG journal_foreign"},
		{"a problem without a sentence", Facts{Agent: atWork(agent.Link{Problem: wire.ErrMalformed})}, "ok agent_ok queued=0; WRONG link_problem"},
		{"offline and out of plates", Facts{Agent: spent}, "ok agent_ok queued=0; WRONG plates_gone"},
		{"the printer is out of labels", Facts{Agent: atPrinter(printer.PaperOut, 2, 3, 0)}, "ok agent_ok queued=0; WRONG labels_waiting n=5"},
		{"a label is on its way", Facts{Agent: atPrinter(printer.Ready, 1, 0, 0)}, "ok agent_ok queued=0; note labels_waiting n=1"},
		{"a label in doubt", Facts{Agent: atPrinter(printer.Ready, 0, 0, 1)}, "ok agent_ok queued=0; WRONG labels_doubtful n=1"},
		{"all is printed", Facts{Agent: atPrinter(printer.Ready, 0, 0, 0)}, "ok agent_ok queued=0"},
		{"online, plates are on their way", Facts{Agent: fresh}, "ok agent_ok queued=0"},
	})
}
