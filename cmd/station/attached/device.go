package attached

import (
	"path/filepath"
	"sort"

	"github.com/backdock/backdock/scanner/hid"
	"github.com/backdock/backdock/scanner/maker"
	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/serial"
)

// Kind says how a device talks.
type Kind string

const (
	Serial   Kind = "serial"   // a serial port, on USB or not
	POS      Kind = "pos"      // HID POS scanner
	Keyboard Kind = "keyboard" // types; may as well be a clerk's keyboard
)

// Device is one thing that may be a scanner.
type Device struct {
	Kind    Kind   `json:"kind"`
	Path    string `json:"path"`             // /dev/ttyACM0
	Name    string `json:"name,omitempty"`   // what it calls itself
	Maker   string `json:"maker,omitempty"`  // of its vendor id
	Scanner bool   `json:"scanner"`          // the maker makes scanners, or it says that it is one
	Driver  string `json:"driver,omitempty"` // of the kernel
	VID     string `json:"vid,omitempty"`    // four hex digits
	PID     string `json:"pid,omitempty"`    //
	Serial  string `json:"serial,omitempty"` //
	Socket  string `json:"socket,omitempty"` // where it is plugged in: 1-2.3
	ByID    string `json:"by_id,omitempty"`  // stable name below /dev/serial
	URL     string `json:"url"`              // finds it again
	Access  Access `json:"access"`
}

// Lister names the devices of one driver.
type Lister func(plug.Roots) ([]Device, error)

// All is every driver that can list its devices. A new one is one line here.
func All() []Lister {
	return []Lister{serialPorts, hidDevices}
}

// List asks every lister. Devices come in the order of their paths.
func List(r plug.Roots, listers []Lister) ([]Device, error) {
	var out []Device
	for _, list := range listers {
		found, err := list(r)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	for i := range out {
		m, known := maker.Of(out[i].VID)
		out[i].Maker, out[i].Scanner = m.Name, known && m.Scanner || out[i].Kind == POS
		out[i].Access = access(out[i].Path)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out, nil
}

func serialPorts(r plug.Roots) ([]Device, error) {
	ports, err := serial.List(r)
	if err != nil {
		return nil, err
	}
	var out []Device
	for _, p := range ports {
		out = append(out, Device{Kind: Serial, Path: p.Path, Name: p.Product, Driver: p.Driver, VID: p.VID, PID: p.PID, Serial: p.Serial, Socket: p.Socket, ByID: p.ByID, URL: p.URL(ports)})
	}
	return out, nil
}

func hidDevices(r plug.Roots) ([]Device, error) {
	found, err := hid.List(r)
	if err != nil {
		return nil, err
	}
	kinds := map[hid.Kind]Kind{hid.KindKeyboard: Keyboard, hid.KindPOS: POS}
	var out []Device
	for _, f := range found {
		out = append(out, Device{Kind: kinds[f.Kind], Path: f.Node, Name: f.Name, VID: f.VID, PID: f.PID, Serial: f.Serial, Socket: f.Socket, URL: f.URL(found)})
	}
	return out, nil
}

// Short is how people tell devices apart: its name and its file.
func (d Device) Short() string {
	file := filepath.Base(d.Path)
	switch {
	case d.Name != "" && d.Maker != "" && d.Scanner:
		return d.Maker + " " + d.Name + " (" + file + ")"
	case d.Name != "":
		return d.Name + " (" + file + ")"
	}
	return file
}
