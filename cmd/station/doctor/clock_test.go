package doctor

import (
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/agent"
)

func TestClock(t *testing.T) {
	at := time.Date(2026, 3, 2, 8, 15, 30, 0, time.UTC)
	apart := func(d time.Duration) Facts { return Facts{Server: Server{Date: at, Asked: at.Add(d)}} }
	judge(t, clockOffset, []judged{
		{"nobody to compare with", Facts{}, ""},
		{"the same", apart(time.Second), "ok clock_ok"},
		{"at the limit", apart(clockDrift), "ok clock_ok"},
		{"ahead", apart(90 * time.Second), "WRONG clock_fast apart=1m30s"},
		{"behind", apart(-2 * time.Hour), "WRONG clock_slow apart=2h0m0s"},
		{"the agent knows it better", Facts{Agent: atWork(agent.Link{Online: true, OffsetMS: 45_000}), Server: Server{Date: at, Asked: at}}, "WRONG clock_slow apart=45s"},
		{"the agent knew it long ago", Facts{Agent: atWork(agent.Link{OffsetMS: 45_000}), Server: Server{Date: at, Asked: at}}, "ok clock_ok"},
	})
}
