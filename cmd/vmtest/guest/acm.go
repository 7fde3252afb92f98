//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const pidACM = 0x0003

// acm is a scanner in the mode USB-COM, as a gadget of this machine's own: the kernel's USB host sees a CDC-ACM device.
type acm struct {
	sn      string
	dir     string // configfs
	udc     string
	far     string // ttyGS
	file    *os.File
	old     *os.File
	answers answers
}

// newACM describes the gadget. number is that of its USB device controller.
func newACM(sn string, number int, a answers) (*acm, error) {
	g := &acm{sn: sn, dir: filepath.Join("/sys/kernel/config/usb_gadget", sn), udc: fmt.Sprintf("dummy_udc.%d", number), answers: a}
	strings := filepath.Join(g.dir, "strings/0x409")
	function := filepath.Join(g.dir, "functions/acm.line"+fmt.Sprint(number))
	config := filepath.Join(g.dir, "configs/c.1")
	for _, dir := range []string{g.dir, strings, function, config} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
	}
	for file, value := range map[string]string{filepath.Join(g.dir, "idVendor"): fmt.Sprintf("0x%04x", vid), filepath.Join(g.dir, "idProduct"): fmt.Sprintf("0x%04x", pidACM),
		filepath.Join(strings, "serialnumber"): sn, filepath.Join(strings, "product"): "Backdock scanner " + sn} {
		if err := os.WriteFile(file, []byte(value), 0o644); err != nil {
			return nil, err
		}
	}
	if err := os.Symlink(function, filepath.Join(config, "acm")); err != nil {
		return nil, err
	}
	port, err := os.ReadFile(filepath.Join(function, "port_num"))
	if err != nil {
		return nil, err
	}
	g.far = "/dev/ttyGS" + trim(port)
	return g, nil
}

func trim(b []byte) string { return strings.TrimSpace(string(b)) }

// plug opens the scanner's end first: the kernel would echo what the station says until it is set up.
func (g *acm) plug() (err error) {
	if g.file, err = openRaw(g.far, unix.B9600); err != nil {
		return err
	}
	go listenTo(g.file, g.answers)
	if err := os.WriteFile(filepath.Join(g.dir, "UDC"), []byte(g.udc), 0o644); err != nil {
		return fmt.Errorf("plug %s: %w", g.sn, err)
	}
	return until(g.sn+" appearing", func() (bool, error) { n, err := g.node(); return n != "", err })
}

func (g *acm) unplug() error {
	node, err := g.node()
	if err != nil {
		return err
	}
	g.settle()
	if g.old, err = hold(node); err != nil {
		return err
	}
	err = os.WriteFile(filepath.Join(g.dir, "UDC"), []byte("\n"), 0o644)
	if err := errors.Join(err, g.file.Close()); err != nil {
		return fmt.Errorf("unplug %s: %w", g.sn, err)
	}
	return until(g.sn+" going", func() (bool, error) { n, err := g.node(); return n == "", err })
}

func (g *acm) settle() {
	if g.old != nil {
		g.old.Close()
		g.old = nil
	}
}

func (g *acm) send(code string, n int) error { return sendLine(g.file, code, n) }
func (g *acm) bare() error                   { return sendLine(g.file, "", whole) }
func (g *acm) node() (string, error)         { return ttyNode(g.sn) }
