package agent

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/scale"
)

// platform is a SICS scale on a pseudo-terminal.
type platform struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	mu     sync.Mutex
	answer string
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	p := &platform{t: t, master: master, slave: slave, answer: "S S      0.000 kg"}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var asked []byte
		b := make([]byte, 1)
		for {
			if _, err := master.Read(b); err != nil {
				return
			}
			if asked = append(asked, b[0]); strings.HasSuffix(string(asked), "SI\r\n") {
				asked = nil
				p.mu.Lock()
				line := p.answer
				p.mu.Unlock()
				if _, err := io.WriteString(master, line+"\r\n"); err != nil {
					return
				}
			}
		}
	}()
	t.Cleanup(func() { slave.Close(); master.Close(); <-done })
	return p
}

func (p *platform) say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = line
}

func withScale(t *testing.T, p *platform) func(*Config) {
	t.Helper()
	s, err := scale.New("scale+serial://" + p.slave.Name() + "?protocol=sics&every=20ms&window=100ms&hold=1m&name=scale")
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Scale = s }
}

func (r *rig) weight(what string, want *scale.Weight) {
	r.Helper()
	r.until(what, func(s State) bool { return fmt.Sprint(ptrOf(s.Weight)) == fmt.Sprint(ptrOf(want)) })
}

func ptrOf(w *scale.Weight) any {
	if w == nil {
		return nil
	}
	return *w
}

// A waybill has the weight of the box on the scale; a product code has none; a box that was lifted before its scan has it once; towards a server of version 1
// nothing of it is said.
func TestWeightGoesWithTheWaybill(t *testing.T) {
	for _, speaks := range []int{2, 1} {
		t.Run(fmt.Sprint("version ", speaks), func(t *testing.T) {
			server := newServer(t)
			server.Speaks = speaks
			g, p := newGun(t), newPlatform(t)
			r := newRigWith(t, t.TempDir(), server, withScale(t, p), g.url(""))
			r.device("scale", scanner.DeviceConnected)
			g.send("\r")
			g.scan("SF1234567890120")
			p.say("S D      1.200 kg")
			r.weight("a weight that moves", &scale.Weight{Grams: 1200})
			p.say("S S      1.234 kg")
			r.weight("a weight at rest", &scale.Weight{Grams: 1234, Stable: true})
			g.scan("SF1234567890121")
			g.scan("6901234567892")
			g.scan("BD:DONE")
			g.scan("BD:EMPTY")
			p.say("S S      0.000 kg")
			r.weight("an empty scale", nil)
			p.say("S S      0.800 kg")
			r.weight("the next box", &scale.Weight{Grams: 800, Stable: true})
			p.say("S S      0.000 kg")
			r.weight("an empty scale", nil)
			g.scan("SF1234567890122")
			g.scan("SF1234567890123")
			p.say("S +")
			r.device("scale", scanner.DeviceFault)
			r.settled()
			want := "0 1234 0 0 1234 800 0"
			if speaks == 1 {
				want = "0 0 0 0 0 0 0"
			}
			var got []string
			for _, s := range server.Scans() {
				got = append(got, fmt.Sprint(s.WeightGrams))
				if (s.WeightGrams > 0) != s.WeightStable {
					t.Errorf("%+v", s)
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("weights %v, want %s", got, want)
			}
			devices := 2
			if speaks == 1 {
				devices = 1 // it knows scanners only
			}
			if err := server.WaitDevices(t.Context(), func(d []scanner.Device) bool { return len(d) == devices }); err != nil {
				t.Error(err)
			}
		})
	}
}

// The scale's cable is pulled: the page says so and the last weight is forgotten.
func TestScaleUnplugged(t *testing.T) {
	server := newServer(t)
	g, p := newGun(t), newPlatform(t)
	r := newRigWith(t, t.TempDir(), server, withScale(t, p), g.url(""))
	p.say("S S      0.500 kg")
	r.weight("a weight", &scale.Weight{Grams: 500, Stable: true})
	p.slave.Close()
	p.master.Close()
	r.weight("nothing", nil)
	r.device("scale", scanner.DeviceGone)
	g.send("\r")
	g.scan("SF1234567890121")
	r.settled()
	if s := server.Scans()[0]; s.WeightGrams != 0 {
		t.Errorf("%+v", s)
	}
}
