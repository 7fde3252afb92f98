package doctor

import (
	"net/http"
	"strconv"
)

// server is reached, takes this station and speaks its protocol.
func server(f Facts) []Finding {
	s := f.Server
	switch {
	case f.EnrolErr != nil:
		return []Finding{finding(Wrong, "enrolment_unread", "why", f.EnrolErr.Error())}
	case !f.Enrolled:
		return []Finding{finding(Wrong, "not_enrolled")}
	case s.Err != nil:
		return []Finding{finding(Wrong, "server_away", "server", s.URL, "why", s.Err.Error())}
	case s.Status != http.StatusOK:
		return []Finding{finding(Wrong, "server_ill", "server", s.URL, "status", strconv.Itoa(s.Status))}
	case s.Problem != "":
		code, known := problems[s.Problem]
		if !known {
			code = "link_problem"
		}
		return []Finding{finding(Wrong, code, "server", s.URL, "problem", s.Problem)}
	}
	return []Finding{finding(OK, "server_ok", "server", s.URL)}
}
