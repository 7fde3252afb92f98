package doctor

import "time"

// clockDrift is beyond what people forgive between the time on a label and the time in a list.
const clockDrift = 30 * time.Second

// clockOffset compares clocks. Scans keep their order whatever the clock says; their times do not.
func clockOffset(f Facts) []Finding {
	var ahead time.Duration // ours before the server's
	switch s := f.Agent.State; {
	case s != nil && s.Link.Online:
		ahead = -time.Duration(s.Link.OffsetMS) * time.Millisecond
	case !f.Server.Date.IsZero():
		ahead = f.Server.Asked.Sub(f.Server.Date)
	default:
		return nil // nobody to compare with: the server's check says why
	}
	if ahead.Abs() <= clockDrift {
		return []Finding{finding(OK, "clock_ok")}
	}
	if ahead < 0 {
		return []Finding{finding(Wrong, "clock_slow", "apart", ahead.Abs().Round(time.Second).String())}
	}
	return []Finding{finding(Wrong, "clock_fast", "apart", ahead.Round(time.Second).String())}
}
