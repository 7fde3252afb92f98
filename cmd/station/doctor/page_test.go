package doctor

import (
	"testing"

	"github.com/backdock/backdock/scanner/agent"
)

func TestPage(t *testing.T) {
	taken := Page{Address: "127.0.0.1:7070", Taken: true, Holders: []Process{{12, "nginx"}, {13, "nginx"}}}
	judge(t, page, []judged{
		{"no page wanted", Facts{}, ""},
		{"free", Facts{Page: Page{Address: "127.0.0.1:7070"}}, ""},
		{"taken", Facts{Page: taken}, "WRONG page_taken who=nginx (12), nginx (13)"},
		{"taken by nobody knows whom", Facts{Page: Page{Address: "127.0.0.1:7070", Taken: true}}, "WRONG page_taken who=?"},
		{"the agent's own", Facts{Page: taken, Agent: atWork(agent.Link{})}, ""},
	})
}
