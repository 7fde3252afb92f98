package hidtest

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Gadget is a HID device of this machine that a program plays through /dev/uhid: the kernel gives it a real hidraw and, for a keyboard, a real event device.
type Gadget struct {
	file *os.File
	// Told gets what the host sends: output reports, and feature reports with an F before them. Somebody must read it.
	Told chan string
	done sync.WaitGroup
}

// Identity is what a gadget says it is.
type Identity struct {
	Name, Serial string
	VID, PID     uint16
}

// Of linux/uhid.h.
const (
	uhidOutput         = 6
	uhidGetReport      = 9
	uhidGetReportReply = 10
	uhidCreate2        = 11
	uhidInput2         = 12
	uhidSetReport      = 13
	uhidSetReportReply = 14
	uhidEvent          = 4 + 4372 // struct uhid_event, whose longest member is struct uhid_create2_req
)

// Plug makes a device appear. The error is fs.ErrNotExist or fs.ErrPermission where this machine lets nobody do so.
func Plug(desc []byte, id Identity) (*Gadget, error) {
	file, err := os.OpenFile("/dev/uhid", os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	g := &Gadget{file: file, Told: make(chan string, 64)}
	e := make([]byte, uhidEvent)
	binary.LittleEndian.PutUint32(e, uhidCreate2)
	copy(e[4:4+127], id.Name)
	copy(e[4+128+64:4+128+64+63], id.Serial) // uniq
	at := e[4+128+64+64:]
	binary.LittleEndian.PutUint16(at, uint16(len(desc)))
	binary.LittleEndian.PutUint16(at[2:], unix.BUS_USB)
	binary.LittleEndian.PutUint32(at[4:], uint32(id.VID))
	binary.LittleEndian.PutUint32(at[8:], uint32(id.PID))
	copy(at[20:], desc)
	if _, err := file.Write(e); err != nil {
		file.Close()
		return nil, fmt.Errorf("make a HID device: %w", err)
	}
	g.done.Go(g.listen)
	return g, nil
}

// listen takes what the host sends and says yes to everything.
func (g *Gadget) listen() {
	defer close(g.Told)
	b := make([]byte, uhidEvent)
	for {
		if _, err := g.file.Read(b); err != nil {
			return
		}
		body := b[4:]
		switch binary.LittleEndian.Uint32(b) {
		case uhidOutput:
			g.Told <- string(body[:binary.LittleEndian.Uint16(body[4096:])])
		case uhidSetReport:
			g.Told <- "F" + string(body[8:8+binary.LittleEndian.Uint16(body[6:])])
			g.reply(uhidSetReportReply, body)
		case uhidGetReport:
			g.reply(uhidGetReportReply, body)
		}
	}
}

func (g *Gadget) reply(kind uint32, request []byte) {
	e := make([]byte, uhidEvent)
	binary.LittleEndian.PutUint32(e, kind)
	copy(e[4:8], request[:4])
	_, _ = g.file.Write(e) // the device may be gone
}

// Report sends an input report.
func (g *Gadget) Report(b []byte) error {
	e := make([]byte, 4+2+4096)
	binary.LittleEndian.PutUint32(e, uhidInput2)
	binary.LittleEndian.PutUint16(e[4:], uint16(len(b)))
	copy(e[6:], b)
	_, err := g.file.Write(e)
	return err
}

// Unplug takes the device away. It waits for nobody: the kernel is done with it when it returns.
func (g *Gadget) Unplug() { g.file.Close() }

// Wait returns when nothing of the gadget runs any more.
func (g *Gadget) Wait() { g.done.Wait() }
