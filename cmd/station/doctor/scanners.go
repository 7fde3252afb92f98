package doctor

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/backdock/backdock/cmd/station/attached"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner/usb"
)

// scanners that are configured: each is there, may be opened, and is held by nobody else.
func scanners(f Facts) []Finding {
	if f.ConfigErr != nil {
		return []Finding{finding(Wrong, "config_bad", "why", f.ConfigErr.Error())}
	}
	if len(f.Scanners) == 0 {
		return []Finding{finding(Wrong, "none_configured")}
	}
	var out []Finding
	for _, s := range f.Scanners {
		found := one(f, s)
		if found.Level != Wrong {
			if told, trouble := f.told(s.Name); trouble {
				found = told // what the agent met counts for more than what can be seen from outside
			}
		}
		out = append(out, found)
	}
	if f.Blind && slices.ContainsFunc(out, func(f Finding) bool { return f.Code == "scanner_trouble" || strings.HasSuffix(f.Code, "_busy") }) {
		out = append(out, finding(Note, "holders_hidden"))
	}
	return out
}

// one configured scanner, seen from outside.
func one(f Facts, s Scanner) Finding {
	var ambiguous *fault.Error
	switch {
	case s.Dialled && s.Err != nil:
		return finding(Wrong, "scanner_unreached", "name", s.Name, "url", s.URL, "why", s.Err.Error())
	case errors.Is(s.Err, fs.ErrNotExist):
		return finding(Wrong, "scanner_absent", "name", s.Name, "url", s.URL)
	case errors.As(s.Err, &ambiguous) && ambiguous.Code == usb.CodeAmbiguous:
		return finding(Wrong, "scanner_ambiguous", "name", s.Name, "why", ambiguous.Message)
	case s.Err != nil:
		return finding(Wrong, "scanner_trouble", "name", s.Name, "why", s.Err.Error())
	case !s.Local:
		return finding(OK, "scanner_other", "name", s.Name, "url", s.URL)
	}
	if device, known := f.device(s.Path); known && !f.may(device.Access) {
		return finding(Wrong, "scanner_denied", "name", s.Name, "device", s.Path, "user", f.User.Name, "group", device.Access.Group, "access", device.Access.String())
	}
	others := f.others(s.Path)
	switch {
	case len(others) > 0 && exclusive(s.URL):
		return finding(Wrong, "scanner_busy", "name", s.Name, "device", s.Path, "who", names(others))
	case f.Agent.on():
		return finding(OK, "scanner_held", "name", s.Name, "device", s.Path)
	}
	return finding(OK, "scanner_free", "name", s.Name, "device", s.Path)
}

// exclusive reports whether two programs that have the device open are one too many. Input devices are open in every desktop; what the agent needs of them
// for itself it says when it cannot have it.
func exclusive(url string) bool { return strings.HasPrefix(url, "serial:") }

// told is what the agent says is wrong with a scanner.
func (f Facts) told(name string) (Finding, bool) {
	if f.Agent.State == nil {
		return Finding{}, false
	}
	for _, d := range f.Agent.State.Devices {
		if d.Name == name && d.Detail != "" {
			code := "told_" + string(d.Code)
			if _, known := texts[code]; !known {
				code = "scanner_trouble" // a later agent's
			}
			return finding(Wrong, code, "name", name, "about", d.About, "why", d.Detail), true
		}
	}
	return Finding{}, false
}

// may reports whether the agent's user may open a device. For this program's own user the system itself was asked, which also knows about access lists.
func (f Facts) may(a attached.Access) bool {
	if f.User.Self {
		return a.You
	}
	return a.May(f.User.UID, f.User.Groups)
}

func (f Facts) device(path string) (attached.Device, bool) {
	i := slices.IndexFunc(f.Devices, func(d attached.Device) bool { return d.Path == path })
	if i < 0 {
		return attached.Device{}, false
	}
	return f.Devices[i], true
}

// others than the agent that have a device file open.
func (f Facts) others(path string) []Process {
	var out []Process
	for _, p := range f.Holders[path] {
		if p.PID != f.Agent.PID {
			out = append(out, p)
		}
	}
	return out
}

// names lists programs for people.
func names(all []Process) string {
	var out []string
	for _, p := range all {
		out = append(out, p.Name+" ("+strconv.Itoa(p.PID)+")")
	}
	if len(out) == 0 {
		return "?"
	}
	return strings.Join(out, ", ")
}
