package wire

import (
	"slices"

	"github.com/backdock/backdock/scanner"
)

// Versions are those this program speaks, oldest first.
func Versions() []int {
	out := make([]int, 0, Version-Oldest+1)
	for v := Oldest; v <= Version; v++ {
		out = append(out, v)
	}
	return out
}

// Agree picks the newest version that both sides speak.
func Agree(theirs []int) (version int, ok bool) {
	for v := Version; v >= Oldest; v-- {
		if slices.Contains(theirs, v) {
			return v, true
		}
	}
	return 0, false
}

// For leaves out what a server of an older version would refuse as unknown. Before the welcome nobody knows the server's version: speak the oldest.
func (m FromStation) For(version int) FromStation {
	if version >= 3 {
		return m
	}
	m.Devices = slices.Clone(m.Devices)
	for i := range m.Devices {
		m.Devices[i].Code, m.Devices[i].About = "", ""
	}
	if version >= 2 {
		return m
	}
	m.Scans = slices.Clone(m.Scans)
	for i := range m.Scans {
		m.Scans[i].WeightGrams, m.Scans[i].WeightStable = 0, false
	}
	m.Devices = slices.DeleteFunc(m.Devices, func(d scanner.Device) bool { return d.Kind != scanner.KindScanner })
	return m
}
