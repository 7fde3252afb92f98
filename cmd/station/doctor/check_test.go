package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// judged is one case of a check: facts, and what it finds as "LEVEL code name=value …", parted by "; ".
type judged struct {
	name  string
	facts Facts
	want  string
}

// judge runs a table over a check. Whatever it finds must read as a whole sentence in both languages.
func judge(t *testing.T, c check, cases []judged) {
	t.Helper()
	t.Parallel()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range c(tc.facts) {
				got = append(got, show(f))
				for _, text := range []string{texts[f.Code].en, texts[f.Code].doEN, texts[f.Code].zh, texts[f.Code].doZH} {
					if s := fill(text, f.Params); strings.ContainsAny(s, "{}") {
						t.Errorf("%s reads %q", f.Code, s)
					}
				}
			}
			if s := strings.Join(got, "; "); s != tc.want {
				t.Errorf("got  %s\nwant %s", s, tc.want)
			}
		})
	}
}

// show renders level, code and the parameters that the case is about: not URLs and reasons, which other tests pin.
func show(f Finding) string {
	out := fmt.Sprintf("%s %s", f.Level, f.Code)
	for _, name := range slices.Sorted(maps.Keys(f.Params)) {
		switch name {
		case "name", "who", "device", "n", "apart", "free", "whose", "setup", "suffix", "access", "status", "queued":
			out += " " + name + "=" + f.Params[name]
		}
	}
	return out
}
