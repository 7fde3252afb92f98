package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/testkit"
)

// A label is drawn for whoever may see the piece, and for nobody else.
func TestUnitLabel(t *testing.T) {
	testkit.Each(t, func(t *testing.T, d *db.DB) {
		r := newSite(t, d).serve()
		p := r.login("inspector")
		for name, tc := range map[string]struct {
			path   string
			status int
			has    string
		}{
			"picture":       {"/units/" + plate(11) + "/label", 200, ">" + plate(11) + "</text>"},
			"small letters": {"/units/" + strings.ToLower(plate(11)) + "/label?format=svg", 200, "<svg "},
			"job":           {"/units/" + plate(11) + "/label?format=zpl&label=60x40&dpi=300&symbol=datamatrix", 200, "^PW720"},
			"bad stock":     {"/units/" + plate(11) + "/label?label=1x1", 422, "label_format"},
			"bad head":      {"/units/" + plate(11) + "/label?dpi=100", 422, "request_invalid"},
			"no such piece": {"/units/" + plate(999) + "/label", 404, ""},
		} {
			if a := p.do("GET", tc.path, nil); a.status != tc.status || !strings.Contains(string(a.body), tc.has) {
				t.Errorf("%s: %d %.300s", name, a.status, a.body)
			}
		}
		if a := r.nobody().do("GET", "/units/"+plate(11)+"/label", nil); a.status != http.StatusUnauthorized {
			t.Errorf("without a session: %d", a.status)
		}
	})
}
