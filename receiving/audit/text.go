package audit

import (
	"fmt"
	"strings"
)

// String is the report as people read it: a line per check, then the breaches.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Audit at %s: %d checks in %d ms\n", r.At.Format("2006-01-02 15:04:05 MST"), len(r.Checks), r.TookMS)
	for _, c := range r.Checks {
		mark := "ok"
		if c.Breaches > 0 {
			mark = fmt.Sprintf("%d BREACHES", c.Breaches)
		}
		fmt.Fprintf(&b, "  %-28s %-12s %s\n", c.Name, mark, c.Says)
	}
	for _, x := range r.Breaches {
		fmt.Fprintf(&b, "  breach of %s: %s: %s\n", x.Check, x.Subject, x.Detail)
	}
	if r.OK {
		b.WriteString("Everything agrees.\n")
	} else {
		fmt.Fprintf(&b, "%d breaches.\n", r.Total)
	}
	return b.String()
}
