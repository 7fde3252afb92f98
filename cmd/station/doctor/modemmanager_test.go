package doctor

import "testing"

func TestModemManager(t *testing.T) {
	judge(t, modemManager, []judged{
		{"not here", Facts{Rules: true}, ""},
		{"kept off", Facts{Modems: true, Rules: true}, "ok modems_kept_off"},
		{"not kept off", Facts{Modems: true}, "WRONG modems_probe"},
	})
}
