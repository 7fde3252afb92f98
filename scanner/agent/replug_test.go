package agent

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/plug/plugtest"
	"github.com/backdock/backdock/scanner/serial"
)

// The cable is pulled again and again, in the middle of a code, and the scanner comes back under another number: each code that beeped arrives once, and
// the agent needs no more goroutines and descriptors than at first.
func TestReplugSoak(t *testing.T) {
	times := 12
	if os.Getenv("BACKDOCK_SOAK") != "" {
		times = 200
	}
	server := newServer(t)
	m := plugtest.New(t)
	r := newRig(t, t.TempDir(), server)
	r.stop()
	conf := r.agent.Config
	var err error
	if conf.Scanners, err = ParseAll([]string{"serial://?vid=0c2e&sn=21134B0CB2&beep=acknak&name=gun"}); err != nil {
		t.Fatal(err)
	}
	d := conf.Scanners[0].Driver.(*serial.Driver)
	d.Watch.Roots, d.Watch.Fast = m.Roots, 2*time.Millisecond
	r = startRig(t, conf, server)
	r.device("gun", scanner.DeviceConnecting)
	var goroutines, descriptors int
	for i := range times + 1 {
		g, name := newGun(t), fmt.Sprintf("ttyACM%d", i%5)
		m.Attach(plugtest.Honeywell, "1-2.3", name, g.port())
		r.device("gun", scanner.DeviceConnected)
		g.send("\r")
		g.scan(fmt.Sprintf("code %d", i))
		g.send("hal")
		m.Detach("1-2.3", name)
		r.device("gun", scanner.DeviceGone)
		g.unplug()
		if i == 0 {
			r.settled()
			goroutines, descriptors = runtime.NumGoroutine(), fds(t)
		}
	}
	r.settled()
	for begin := time.Now(); runtime.NumGoroutine() > goroutines && time.Since(begin) < 20*time.Second; {
		time.Sleep(time.Millisecond) // those of the last test scanner end by themselves
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines after %d replugs, %d after the first", n, times, goroutines)
	}
	if n := fds(t); n > descriptors {
		t.Errorf("%d descriptors after %d replugs, %d after the first", n, times, descriptors)
	}
	scans := server.Scans()
	if len(scans) != times+1 {
		t.Fatalf("%d scans arrived, %d beeped", len(scans), times+1)
	}
	for i, s := range scans {
		if s.Data != fmt.Sprintf("code %d", i) || flags(s) != "" {
			t.Errorf("place %d: %q %s", i, s.Data, flags(s))
		}
	}
}

func fds(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc to count descriptors in")
	}
	return len(entries)
}
