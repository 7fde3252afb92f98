package doctor

import (
	"path/filepath"

	"github.com/backdock/backdock/cmd/station/attached"
)

// unused devices: a scanner that is plugged in beeps, and what it scans is lost if nobody listens.
func unused(f Facts) []Finding {
	if f.ListErr != nil {
		return []Finding{finding(Note, "devices_unlisted", "why", f.ListErr.Error())}
	}
	var out []Finding
	for _, d := range f.Devices {
		switch {
		case f.configured(d):
		case d.Scanner:
			out = append(out, finding(Wrong, "scanner_unused", "device", d.Short(), "url", d.URL))
		case d.VID != "":
			out = append(out, finding(Note, "port_unused", "device", d.Short(), "url", d.URL))
		}
	}
	return out
}

func (f Facts) configured(d attached.Device) bool {
	for _, s := range f.Scanners {
		if s.Path != "" && (s.Path == d.Path || filepath.Clean(s.Path) == d.ByID) {
			return true
		}
		if s.URL == d.URL {
			return true
		}
	}
	return false
}
