//go:build linux

package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/backdock/backdock/cmd/vmtest/plan"
)

// adapter is a scanner with a serial plug on a USB adapter that QEMU plays: the kernel's ftdi_sio drives it. The scanner's end is a serial line of the
// machine, and QEMU's monitor pulls the adapter out.
type adapter struct {
	sn      string
	file    *os.File
	monitor *os.File
	old     *os.File
}

func newAdapter(sn string, a answers) (*adapter, error) {
	g := &adapter{sn: sn}
	var err error
	if g.file, err = openRaw(plan.FarEnd, unix.B115200); err != nil {
		return nil, err
	}
	go listenTo(g.file, a)
	if g.monitor, err = openRaw(plan.Monitor, unix.B115200); err != nil {
		return nil, err
	}
	go func() { _, _ = io.Copy(io.Discard, g.monitor) }()
	return g, nil
}

func (g *adapter) plug() error {
	if _, err := fmt.Fprintf(g.monitor, "device_add usb-serial,id=%s,chardev=%s,bus=%s,serial=%s,always-plugged=on\n", plan.Adapter, plan.Line, plan.Bus, g.sn); err != nil {
		return err
	}
	return until(g.sn+" appearing", func() (bool, error) { n, err := g.node(); return n != "", err })
}

func (g *adapter) unplug() error {
	node, err := g.node()
	if err != nil {
		return err
	}
	g.settle()
	if g.old, err = hold(node); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(g.monitor, "device_del %s\n", plan.Adapter); err != nil {
		return err
	}
	return until(g.sn+" going", func() (bool, error) { n, err := g.node(); return n == "", err })
}

func (g *adapter) settle() {
	if g.old != nil {
		g.old.Close()
		g.old = nil
	}
}

func (g *adapter) send(code string, n int) error { return sendLine(g.file, code, n) }
func (g *adapter) bare() error                   { return sendLine(g.file, "", whole) }
func (g *adapter) node() (string, error)         { return ttyNode(g.sn) }
