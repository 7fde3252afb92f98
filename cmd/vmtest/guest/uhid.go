//go:build linux

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/backdock/backdock/scanner/hid"
	"github.com/backdock/backdock/scanner/hid/hidtest"
)

const (
	vid       = 0xbd0c
	pidKeys   = 0x0001
	pidPOS    = 0x0002
	pidDecoy  = 0x0bad
	keyPeriod = 4 * time.Millisecond // between two reports: a character takes twice as long
)

// gadget is a scanner that the kernel knows as a HID device.
type gadget struct {
	sn    string
	desc  []byte
	pid   uint16
	kind  hid.Kind
	now   *hidtest.Gadget
	heard func(string)
	// decoys have the name that the scanner had, and free ones below it.
	decoys []*hidtest.Gadget
}

// maxDecoys bounds how many are plugged to get the name: other scanners come and go meanwhile.
const maxDecoys = 8

func (g *gadget) plug() error {
	played, err := hidtest.Plug(g.desc, hidtest.Identity{Name: "Backdock scanner " + g.sn, Serial: g.sn, VID: vid, PID: g.pid})
	if err != nil {
		return err
	}
	g.now = played
	go func() {
		for s := range played.Told {
			g.heard(s)
		}
	}()
	return until(g.sn+" appearing", func() (bool, error) { n, err := g.node(); return n != "", err })
}

func (g *gadget) unplug() error {
	before, err := g.node()
	if err != nil {
		return err
	}
	g.now.Unplug()
	g.now.Wait()
	err = until(g.sn+" going", func() (bool, error) { n, err := g.node(); return n == "", err })
	if err != nil {
		return err
	}
	g.settle()
	for range maxDecoys {
		if node, err := g.decoy(); node == before || err != nil {
			return err
		}
	}
	return nil
}

// decoy plugs one more and says which name it got.
func (g *gadget) decoy() (node string, err error) {
	sn := fmt.Sprintf("decoy%d-%s", len(g.decoys), g.sn)
	d, err := hidtest.Plug(g.desc, hidtest.Identity{Name: "Decoy", Serial: sn, VID: vid, PID: pidDecoy})
	if err != nil {
		return "", err
	}
	g.decoys = append(g.decoys, d)
	go func() {
		for range d.Told {
		}
	}()
	return node, until("the decoy appearing", func() (bool, error) { node, err = hidNode(g.kind, sn); return node != "", err })
}

func (g *gadget) settle() {
	for _, d := range g.decoys {
		d.Unplug()
		d.Wait()
	}
	g.decoys = nil
}

func (g *gadget) node() (string, error) { return hidNode(g.kind, g.sn) }

// keyboard is a scanner that types.
type keyboard struct{ gadget }

func newKeyboard(sn string) *keyboard {
	return &keyboard{gadget{sn: sn, desc: hidtest.Boot, pid: pidKeys, kind: hid.KindKeyboard, heard: func(string) {}}}
}

func (k *keyboard) send(code string, n int) error {
	b := append([]byte(code), end)
	for _, c := range b[:min(n, len(b))] {
		modifiers, usage, ok := hidtest.Stroke(c)
		if !ok {
			return fmt.Errorf("no key types %q", c)
		}
		for _, report := range [][]byte{hidtest.Press(modifiers, usage), hidtest.Release()} {
			if err := k.now.Report(report); err != nil {
				return err
			}
			time.Sleep(keyPeriod)
		}
	}
	return nil
}

func (k *keyboard) bare() error { return k.send("", whole) }

// posScanner is a HID POS scanner with the usual report, laid out here byte by byte.
type posScanner struct{ gadget }

const (
	posData   = 56 // bytes of a code in one report
	posReport = 2
	posBeeps  = 4
	posError  = 0x08
	posGood   = 0x10
)

func newPOS(sn string, a answers) *posScanner {
	return &posScanner{gadget{sn: sn, desc: hidtest.Usual, pid: pidPOS, kind: hid.KindPOS, heard: func(s string) {
		if len(s) == 2 && s[0] == posBeeps && s[1]&(posGood|posError) != 0 {
			a.tell(s[1]&posGood != 0)
		}
	}}}
}

// send gives a code in as many reports as it needs. A cut one lacks its last report: a report itself is never cut.
func (p *posScanner) send(code string, n int) error {
	if n < len(code) {
		code = code[:n/posData*posData]
	}
	for rest := code; rest != ""; {
		part := rest[:min(posData, len(rest))]
		rest = rest[len(part):]
		r := make([]byte, 64)
		r[0], r[1] = posReport, byte(len(part))
		copy(r[2:], "]Q1")
		copy(r[5:], part)
		if rest != "" || n < whole {
			r[63] = 1
		}
		if err := p.now.Report(r); err != nil {
			return err
		}
	}
	return nil
}

func (p *posScanner) bare() error { return nil }

var errNoAnswer = errors.New("the station gave no answer")
