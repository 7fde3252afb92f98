package hid

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/hid/hidtest"
)

// ceiling is how long anything of these tests may take on a loaded machine.
const ceiling = 30 * time.Second

// gadget is a HID device of this machine that the test plays.
type gadget struct {
	t *testing.T
	*hidtest.Gadget
	id string
}

var gadgets struct {
	sync.Mutex
	n int
}

func newGadget(t *testing.T, desc []byte) *gadget {
	t.Helper()
	gadgets.Lock()
	defer gadgets.Unlock()
	id := fmt.Sprintf("SN-%d", gadgets.n+1)
	played, err := hidtest.Plug(desc, hidtest.Identity{Name: "Test scanner " + id, Serial: id, VID: 0xbd0c, PID: 0x0001})
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		t.Skip("no /dev/uhid: make vmtest runs this in a virtual machine")
	}
	if err != nil {
		t.Fatal(err)
	}
	gadgets.n++
	g := &gadget{t: t, Gadget: played, id: id}
	t.Cleanup(func() {
		g.Unplug()
		for range g.Told { // nobody listens any more, and it must not wait for that
		}
		g.Wait()
	})
	return g
}

// report sends an input report.
func (g *gadget) report(b []byte) {
	g.t.Helper()
	if err := g.Report(b); err != nil {
		g.t.Fatal(err)
	}
}

func (g *gadget) hears() string {
	g.t.Helper()
	select {
	case s := <-g.Told:
		return s
	case <-time.After(ceiling):
		g.t.Fatal("the host said nothing")
		return ""
	}
}

// types sends keys going down and up, as a keyboard that knows nothing of kernels.
func (g *gadget) types(s string) {
	g.t.Helper()
	for _, c := range []byte(s) {
		modifiers, usage, ok := hidtest.Stroke(c)
		if !ok {
			g.t.Fatalf("no key types %q", c)
		}
		g.report(hidtest.Press(modifiers, usage))
		g.report(hidtest.Release())
	}
}
