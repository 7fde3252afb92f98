package doctor

import (
	"errors"
	"testing"

	"github.com/backdock/backdock/scanner/wire"
)

func TestServer(t *testing.T) {
	judge(t, server, []judged{
		{"not enrolled", Facts{}, "WRONG not_enrolled"},
		{"enrolment of another user", Facts{EnrolErr: errors.New("permission denied")}, "WRONG enrolment_unread"},
		{"well", Facts{Enrolled: true, Server: Server{URL: "https://b", Status: 200}}, "ok server_ok"},
		{"away", Facts{Enrolled: true, Server: Server{URL: "https://b", Err: errors.New("no route to host")}}, "WRONG server_away"},
		{"a proxy's page", Facts{Enrolled: true, Server: Server{URL: "https://b", Status: 502}}, "WRONG server_ill status=502"},
		{"token refused", Facts{Enrolled: true, Server: Server{URL: "https://b", Status: 200, Problem: wire.ErrRevoked}}, "WRONG token_refused"},
		{"another version", Facts{Enrolled: true, Server: Server{URL: "https://b", Status: 200, Problem: wire.ErrVersion}}, "WRONG version_mismatch"},
		{"something new", Facts{Enrolled: true, Server: Server{URL: "https://b", Status: 200, Problem: "moon"}}, "WRONG link_problem"},
	})
}
