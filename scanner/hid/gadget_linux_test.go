package hid

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ceiling is how long anything of these tests may take on a loaded machine.
const ceiling = 30 * time.Second

// gadget is a HID device of this machine that the test plays.
type gadget struct {
	t    *testing.T
	file *os.File
	id   string
	// told gets what the host sends: output reports, and feature reports with an F before them.
	told chan string
	done sync.WaitGroup
}

const (
	uhidDestroy        = 1
	uhidOutput         = 6
	uhidGetReport      = 9
	uhidGetReportReply = 10
	uhidCreate2        = 11
	uhidInput2         = 12
	uhidSetReport      = 13
	uhidSetReportReply = 14
	uhidEvent          = 4 + 4372 // struct uhid_event, whose longest member is struct uhid_create2_req
)

var gadgets struct {
	sync.Mutex
	n int
}

func newGadget(t *testing.T, desc []byte) *gadget {
	t.Helper()
	file, err := os.OpenFile("/dev/uhid", os.O_RDWR|unix.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		t.Skip("no /dev/uhid: run this in the virtual machine")
	}
	if err != nil {
		t.Fatal(err)
	}
	gadgets.Lock()
	gadgets.n++
	g := &gadget{t: t, file: file, id: fmt.Sprintf("SN-%d", gadgets.n), told: make(chan string, 64)}
	gadgets.Unlock()
	e := make([]byte, uhidEvent)
	binary.LittleEndian.PutUint32(e, uhidCreate2)
	copy(e[4:], "Test scanner "+g.id)
	copy(e[4+128+64:], g.id) // uniq
	at := e[4+128+64+64:]
	binary.LittleEndian.PutUint16(at, uint16(len(desc)))
	binary.LittleEndian.PutUint16(at[2:], unix.BUS_USB)
	binary.LittleEndian.PutUint32(at[4:], 0xbd0c)
	binary.LittleEndian.PutUint32(at[8:], 0x0001)
	copy(at[20:], desc)
	g.write(e)
	g.done.Go(g.listen)
	t.Cleanup(func() { g.unplug(); g.done.Wait() })
	return g
}

func (g *gadget) write(b []byte) {
	g.t.Helper()
	if _, err := g.file.Write(b); err != nil {
		g.t.Fatal(err)
	}
}

// listen takes what the host sends and says yes to everything.
func (g *gadget) listen() {
	b := make([]byte, uhidEvent)
	for {
		if _, err := g.file.Read(b); err != nil {
			return
		}
		body := b[4:]
		switch binary.LittleEndian.Uint32(b) {
		case uhidOutput:
			g.told <- string(body[:binary.LittleEndian.Uint16(body[4096:])])
		case uhidSetReport:
			g.told <- "F" + string(body[8:8+binary.LittleEndian.Uint16(body[6:])])
			g.reply(uhidSetReportReply, body)
		case uhidGetReport:
			g.reply(uhidGetReportReply, body)
		}
	}
}

func (g *gadget) reply(kind uint32, request []byte) {
	e := make([]byte, uhidEvent)
	binary.LittleEndian.PutUint32(e, kind)
	copy(e[4:8], request[:4])
	_, _ = g.file.Write(e) // the device may be gone
}

// report sends an input report.
func (g *gadget) report(b []byte) {
	g.t.Helper()
	e := make([]byte, 4+2+4096)
	binary.LittleEndian.PutUint32(e, uhidInput2)
	binary.LittleEndian.PutUint16(e[4:], uint16(len(b)))
	copy(e[6:], b)
	g.write(e)
}

func (g *gadget) unplug() { g.file.Close() }

func (g *gadget) hears() string {
	g.t.Helper()
	select {
	case s := <-g.told:
		return s
	case <-time.After(ceiling):
		g.t.Fatal("the host said nothing")
		return ""
	}
}

// bootKeyboard is the report descriptor of HID 1.11, appendix B.1, with its lamps.
var bootKeyboard = []byte{0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x05, 0x07, 0x19, 0xE0, 0x29, 0xE7, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x01,
	0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x01,
	0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, 0xC0}

const (
	usageShift = 0x02 // bit of the left shift
	usageEnter = 0x28
)

// key sends a key down and up, as a keyboard that knows nothing of kernels.
func (g *gadget) key(modifiers, usage byte) {
	g.t.Helper()
	g.report([]byte{modifiers, 0, usage, 0, 0, 0, 0, 0})
	g.report(make([]byte, 8))
}

// types sends digits, small letters and capitals.
func (g *gadget) types(s string) {
	g.t.Helper()
	for _, c := range []byte(s) {
		switch {
		case c == '0':
			g.key(0, 0x27)
		case c >= '1' && c <= '9':
			g.key(0, 0x1E+c-'1')
		case c >= 'a' && c <= 'z':
			g.key(0, 0x04+c-'a')
		case c >= 'A' && c <= 'Z':
			g.key(usageShift, 0x04+c-'A')
		case c == '\r':
			g.key(0, usageEnter)
		}
	}
}
