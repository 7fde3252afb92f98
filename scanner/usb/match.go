package usb

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Match names a device. Empty fields fit anything, but one must be set for a match to name anything.
type Match struct {
	VID, PID string // four hex digits, lower case
	Serial   string
	Socket   string // 1-2.3, or one interface of the device in it, 1-2.3:1.0
}

var (
	hexID  = regexp.MustCompile(`^[0-9a-f]{4}$`)
	socket = regexp.MustCompile(`^\d+-\d+(\.\d+)*(:\d+\.\d+)?$`)
)

// FromQuery reads the parameters vid, pid, sn and usb of a scanner URL.
func FromQuery(q url.Values) (Match, error) {
	m := Match{VID: strings.ToLower(q.Get("vid")), PID: strings.ToLower(q.Get("pid")), Serial: q.Get("sn"), Socket: q.Get("usb")}
	for _, id := range []string{m.VID, m.PID} {
		if id != "" && !hexID.MatchString(id) {
			return Match{}, fmt.Errorf("%q is no vendor or product id: want four hex digits, as station devices lists them", id)
		}
	}
	if m.Socket != "" && !socket.MatchString(m.Socket) {
		return Match{}, fmt.Errorf("usb=%q: want a socket such as 1-2.3, as station devices lists them", m.Socket)
	}
	return m, nil
}

// String writes the match as a URL's query.
func (m Match) String() string {
	var out []string
	for _, f := range []struct{ key, value string }{{"vid", m.VID}, {"pid", m.PID}, {"sn", m.Serial}, {"usb", m.Socket}} {
		if f.value != "" {
			// A colon needs no escape in a query, and people read it.
			out = append(out, f.key+"="+strings.ReplaceAll(url.QueryEscape(f.value), "%3A", ":"))
		}
	}
	return strings.Join(out, "&")
}

// Fits reports whether d is such a device.
func (m Match) Fits(d Device) bool {
	return (m.VID == "" || m.VID == d.VID) && (m.PID == "" || m.PID == d.PID) && (m.Serial == "" || m.Serial == d.Serial) &&
		(m.Socket == "" || m.Socket == d.Socket || m.Socket == d.Interface)
}

// Only is a match that fits d and, if anything tells them apart, none of the others in all: by serial number where it is d's own, which holds in every
// socket; else by socket; else by interface.
func Only(d Device, all []Device) Match {
	m := Match{VID: d.VID, PID: d.PID, Serial: d.Serial}
	for _, place := range []string{d.Socket, d.Interface} {
		if m.count(all) <= 1 {
			return m
		}
		m.Serial, m.Socket = "", place // a serial number that twins share tells nothing
	}
	return m
}

func (m Match) count(all []Device) int {
	n := 0
	for _, d := range all {
		if m.Fits(d) {
			n++
		}
	}
	return n
}
