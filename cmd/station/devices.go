package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/backdock/backdock/cmd/station/attached"
	"github.com/backdock/backdock/scanner/plug"
)

type devicesCmd struct {
	JSON bool `help:"Print the list as JSON."`
}

func (c *devicesCmd) Run() error {
	devices, err := attached.List(plug.Roots{}, attached.All())
	if err != nil {
		return err
	}
	if c.JSON {
		if devices == nil {
			devices = []attached.Device{}
		}
		return printJSON(devices)
	}
	return printDevices(os.Stdout, devices)
}

// printDevices writes what tells devices apart, and the URL to copy.
func printDevices(out io.Writer, devices []attached.Device) error {
	if len(devices) == 0 {
		_, err := fmt.Fprintln(out, "No serial ports and no scanners. Is the scanner in USB-COM mode? Its manual has a set-up code for it.")
		return err
	}
	for _, d := range devices {
		who := d.Access.String()
		if !d.Access.You {
			who += ", not for you"
		}
		if _, err := fmt.Fprintln(out, strings.TrimSpace(d.Path+"  "+d.Maker+" "+d.Name)); err != nil {
			return err
		}
		kind := string(d.Kind)
		if d.Kind == attached.Keyboard && !d.Scanner {
			kind = "keyboard; perhaps the clerk's own"
		}
		for _, row := range []struct{ name, value string }{
			{"kind", kind}, {"id", strings.Trim(d.VID+":"+d.PID, ":")}, {"serial", d.Serial}, {"socket", d.Socket}, {"by-id", d.ByID}, {"driver", d.Driver}, {"for", who}, {"url", d.URL},
		} {
			if row.value == "" {
				continue
			}
			if _, err := fmt.Fprintf(out, "  %-7s %s\n", row.name, row.value); err != nil {
				return err
			}
		}
	}
	return nil
}
