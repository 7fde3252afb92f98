//go:build linux

package agent

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/journal"
	"github.com/backdock/backdock/scanner/plug/plugtest"
)

// vitals are what a station program takes of its machine, after a collection of garbage.
type vitals struct {
	HeapBytes   uint64
	Goroutines  int
	Descriptors int // without those of the journal
	Scans       int // files of the journal: some stay for a server that was restored from a backup
	Outcomes    int // files of the journal: they go with their scans
}

const vitalsFile = "vitals.json"

// tellVitals writes this process's vitals into dir whenever it gets SIGUSR1.
func tellVitals(dir string) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	for range asked {
		runtime.GC()
		runtime.GC() // what the first one's finalizers let go
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		v := vitals{HeapBytes: m.HeapAlloc, Goroutines: runtime.NumGoroutine()}
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			panic(err)
		}
		for _, e := range entries {
			switch to, _ := os.Readlink("/proc/self/fd/" + e.Name()); {
			case strings.HasPrefix(filepath.Base(to), "scans-"):
				v.Scans++
			case strings.HasPrefix(filepath.Base(to), "outcomes-"):
				v.Outcomes++
			default:
				v.Descriptors++
			}
		}
		b, err := json.Marshal(v)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, vitalsFile+".new"), b, 0o600)
		}
		if err == nil {
			err = os.Rename(filepath.Join(dir, vitalsFile+".new"), filepath.Join(dir, vitalsFile))
		}
		if err != nil {
			panic(err)
		}
	}
}

func askVitals(t *testing.T, p *exec.Cmd, dir string) (v vitals) {
	t.Helper()
	path := filepath.Join(dir, vitalsFile)
	_ = os.Remove(path)
	if err := p.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if b, err := os.ReadFile(path); err == nil {
			if err := json.Unmarshal(b, &v); err != nil {
				t.Fatal(err)
			}
			return v
		}
		if time.Now().After(deadline) {
			t.Fatal("the station does not tell its vitals")
		}
	}
}

// One life of the station program takes a hundred thousand scans, while the cable is pulled two hundred times in the middle of a code: everything that beeped
// has arrived once, in order, and at the end the program needs no more memory, goroutines and descriptors than after the first tenth.
func TestSoakOneLongLife(t *testing.T) {
	total, unplugs := 600, 10
	if os.Getenv("BACKDOCK_SOAK") != "" {
		total, unplugs = 100_000, 200
	}
	server, m, dir := newServer(t), plugtest.New(t), t.TempDir()
	life := launchScanner(t, dir, server.URL(), "serial://?vid=0c2e&sn=21134B0CB2&beep=acknak&name=gun", "machine="+m.Sys+":"+m.Dev)
	var first vitals
	for i := range unplugs {
		g, name := newGun(t), fmt.Sprintf("ttyACM%d", i%5)
		m.Attach(plugtest.Honeywell, "1-2.3", name, g.port())
		deviceUntil(t, dir, scanner.DeviceConnected)
		g.send("\r")
		for n := range total / unplugs {
			g.scan(fmt.Sprintf("code %d", i*(total/unplugs)+n))
		}
		g.send("hal")
		m.Detach("1-2.3", name)
		deviceUntil(t, dir, scanner.DeviceGone)
		g.unplug()
		if i == unplugs/10 {
			pageUntil(t, dir, func(s State) bool { return s.Link.Queued == 0 })
			first = askVitals(t, life, dir)
		}
	}
	if err := server.WaitScans(t.Context(), total); err != nil {
		t.Fatal(err)
	}
	pageUntil(t, dir, func(s State) bool { return s.Link.Queued == 0 })
	last := askVitals(t, life, dir)
	t.Logf("%d scans, %d unplugs: after the first tenth %+v, at the end %+v", total, unplugs, first, last)
	for deadline := time.Now().Add(20 * time.Second); last.Goroutines > first.Goroutines && time.Now().Before(deadline); {
		last = askVitals(t, life, dir) // connections of the page end by themselves
	}
	if last.Goroutines > first.Goroutines || last.Descriptors > first.Descriptors {
		t.Errorf("%+v after %d unplugs, %+v after the first tenth", last, unplugs, first)
	}
	// Those that are kept, and the one being written; an outcome is hardly larger than its scan.
	if most := journal.KeepSegments + 1; last.Scans > most || last.Outcomes > 2*most {
		t.Errorf("the journal has %d files of scans and %d of outcomes open, want %d at most", last.Scans, last.Outcomes, most)
	}
	// A collection is never quite complete; a leak of 32 bytes a scan would show.
	if last.HeapBytes > first.HeapBytes+first.HeapBytes/4+512<<10 {
		t.Errorf("the heap went from %d to %d bytes in %d scans", first.HeapBytes, last.HeapBytes, total)
	}
	scans := server.Scans()
	if len(scans) != total {
		t.Fatalf("%d scans arrived, %d beeped", len(scans), total)
	}
	for i, s := range scans {
		if s.Data != fmt.Sprintf("code %d", i) || flags(s) != "" || s.Seq != uint64(i+1) {
			t.Fatalf("place %d: seq %d, %q %s", i, s.Seq, s.Data, flags(s))
		}
	}
	if err := life.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := life.Wait(); err != nil {
		t.Fatal(err)
	}
}

// launchScanner starts the agent on a scanner that is not there yet.
func launchScanner(t *testing.T, dir, server string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+strings.Join(append([]string{dir, server}, args...), " "))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

func deviceUntil(t *testing.T, dir string, want scanner.DeviceState) {
	t.Helper()
	pageUntil(t, dir, func(s State) bool {
		return slices.ContainsFunc(s.Devices, func(d scanner.Device) bool { return d.State == want })
	})
}
