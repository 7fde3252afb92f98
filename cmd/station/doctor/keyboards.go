package doctor

import (
	"strings"

	"github.com/backdock/backdock/scanner/maker"
)

// keyboards: a scanner that types into whatever window is in front is not the agent's, unless a driver of this build was told to take it.
func keyboards(f Facts) []Finding {
	var out []Finding
	for _, k := range f.Keyboards {
		m, known := maker.Of(k.VID)
		if !known || !m.Scanner || f.takesKeyboard(k) {
			continue
		}
		name := strings.TrimSpace(m.Name + " " + k.Name)
		out = append(out, finding(Wrong, "scanner_keyboard", "device", name, "setup", m.USBCOM))
	}
	return out
}

// takesKeyboard reports whether a configured scanner is one that types, by that driver.
func (f Facts) takesKeyboard(k Keyboard) bool {
	for _, s := range f.Scanners {
		if strings.HasPrefix(s.URL, "evdev:") && (strings.Contains(s.URL, k.VID) || !strings.Contains(s.URL, "vid=")) {
			return true
		}
	}
	return false
}
