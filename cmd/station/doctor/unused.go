package doctor

import (
	"slices"

	"github.com/backdock/backdock/cmd/station/attached"
	"github.com/backdock/backdock/scanner/maker"
)

// unused devices: a scanner that is plugged in beeps, and what it scans is lost if nobody listens. One that types is listened to by whatever window is in
// front.
func unused(f Facts) []Finding {
	if f.ListErr != nil {
		return []Finding{finding(Note, "devices_unlisted", "why", f.ListErr.Error())}
	}
	var out []Finding
	for _, d := range f.Devices {
		switch {
		case f.configured(d):
		case d.Kind == attached.Keyboard && d.Scanner:
			m, _ := maker.Of(d.VID)
			out = append(out, finding(Wrong, "scanner_keyboard", "device", d.Short(), "setup", m.USBCOM, "url", d.URL))
		case d.Kind == attached.Keyboard: // the clerk's
		case d.Scanner:
			out = append(out, finding(Wrong, "scanner_unused", "device", d.Short(), "url", d.URL))
		case d.VID != "":
			out = append(out, finding(Note, "port_unused", "device", d.Short(), "url", d.URL))
		}
	}
	return out
}

// configured reports whether a scanner URL names the device, or another interface of the same one.
func (f Facts) configured(d attached.Device) bool {
	for _, s := range f.Scanners {
		if s.URL == d.URL || (s.Path != "" && s.Path == d.Path) {
			return true
		}
		other := slices.IndexFunc(f.Devices, func(o attached.Device) bool { return s.Path != "" && o.Path == s.Path })
		if other >= 0 && d.Socket != "" && f.Devices[other].Socket == d.Socket {
			return true
		}
	}
	return false
}
