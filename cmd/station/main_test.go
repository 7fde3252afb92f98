package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/wire/wiretest"
)

// asStation makes the test binary be the program.
const asStation = "BACKDOCK_TEST_STATION"

func TestMain(m *testing.M) {
	if os.Getenv(asStation) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func station(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(append(os.Environ(), asStation+"=1"), env...)
	return cmd
}

// run runs the program to its end.
func run(t *testing.T, env []string, args ...string) (out string, ok bool) {
	t.Helper()
	b, err := station(t, env, args...).CombinedOutput()
	return string(b), err == nil
}

func newServer(t *testing.T) *wiretest.Server {
	t.Helper()
	s := wiretest.New("secret-token")
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// begin starts the agent and waits for its page.
func begin(t *testing.T, dir string, devices ...string) (*exec.Cmd, func() error) {
	t.Helper()
	args := []string{"--data", dir, "run", "--page", "127.0.0.1:0"}
	for _, d := range devices {
		args = append(args, "--device", d)
	}
	cmd := station(t, nil, args...)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready, drained := make(chan bool, 1), make(chan struct{})
	go func() {
		defer close(drained)
		lines := bufio.NewScanner(out)
		waiting := len(devices) + 1
		for lines.Scan() {
			t.Log(lines.Text())
			if strings.Contains(lines.Text(), "station page") || strings.Contains(lines.Text(), "state=connected") && !strings.Contains(lines.Text(), "device=label") {
				if waiting--; waiting == 0 {
					ready <- true
				}
			}
		}
		ready <- false
	}()
	if !<-ready {
		t.Fatal("the agent did not start")
	}
	stop := func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		<-drained
		return cmd.Wait()
	}
	return cmd, stop
}

// A station's whole life: enrol with the code in a file, work, look at it, stop.
func TestLife(t *testing.T) {
	server := newServer(t)
	dir := t.TempDir()
	if out, ok := run(t, nil, "--data", dir, "run"); ok || !strings.Contains(out, "not enrolled") {
		t.Fatalf("run without enrolment: %s", out)
	}
	if out, ok := run(t, nil, "--data", dir, "enroll", "--server", server.URL(), "--code", "WRONG-CODES"); ok || !strings.Contains(out, "code_unknown") {
		t.Fatalf("wrong code: %s", out)
	}
	code := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(code, []byte("abcde-23456\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := run(t, []string{"STATION_CODE_FILE=" + code}, "--data", dir, "enroll", "--server", server.URL()+"/"); !ok || !strings.Contains(out, "ST-3") || strings.Contains(out, "secret-token") {
		t.Fatalf("enroll: %s", out)
	}
	if info, err := os.Stat(enrolmentFile(dir)); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("enrolment file: %v, %v", info, err)
	}
	if out, ok := run(t, nil, "--data", dir, "status"); ok || !strings.Contains(out, "no agent") {
		t.Fatalf("status without an agent: %s", out)
	}
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	_, stop := begin(t, dir, "serial://"+slave.Name()+"?name=gun&beep=acknak")
	shoot(t, master, 0)
	if err := server.WaitScans(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if out, ok := run(t, nil, "--data", dir, "status"); !ok || !strings.Contains(out, "online") || !strings.Contains(out, "gun") {
		t.Fatalf("status: %s", out)
	}
	out, ok := run(t, nil, "--data", dir, "status", "--json")
	var s agent.State
	if err := json.Unmarshal([]byte(out), &s); !ok || err != nil || s.Station != "ST-3" || len(s.Recent) != 1 {
		t.Fatalf("status: %s, %v", out, err)
	}
	if out, ok := run(t, nil, "--data", dir, "enroll", "--server", server.URL(), "--code", "ABCDE-23456"); ok || !strings.Contains(out, "another station agent") {
		t.Fatalf("enrolling under a running agent: %s", out)
	}
	if err := stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if out, ok := run(t, nil, "--data", dir, "enroll", "--server", server.URL(), "--code", "ABCDE-23456"); !ok || !strings.Contains(out, "kept aside") {
		t.Fatalf("enrolling again: %s", out)
	}
}

// Enrolling again would orphan scans that wait: it is refused.
func TestEnrollKeepsQueue(t *testing.T) {
	server, dir, master, port := enrolled(t)
	server.Stop()
	_, stop := begin(t, dir, "serial://"+port+"?beep=acknak")
	shoot(t, master, 0)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if out, ok := run(t, nil, "--data", dir, "enroll", "--server", server.URL(), "--code", "ABCDE-23456"); ok || !strings.Contains(out, "1 scans") {
		t.Fatalf("enrolling over a queue: %s", out)
	}
}

// An agent that a program started must not outlive it: the port and the scanner would stay taken.
func TestEndsWithStdin(t *testing.T) {
	server := newServer(t)
	dir := t.TempDir()
	if out, ok := run(t, nil, "enroll", "--data", dir, "--server", server.URL(), "--code", "ABCDE-23456"); !ok {
		t.Fatal(out)
	}
	cmd := station(t, nil, "run", "--data", dir, "--page", "none", "--exit-with-stdin")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := server.WaitHellos(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// enrolled is a station's directory, its server and a virtual scanner with the port it is on.
func enrolled(t *testing.T) (server *wiretest.Server, dir string, scanner *os.File, port string) {
	t.Helper()
	server, dir = newServer(t), t.TempDir()
	if out, ok := run(t, nil, "--data", dir, "enroll", "--server", server.URL(), "--code", "ABCDE-23456"); !ok {
		t.Fatal(out)
	}
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close(); slave.Close() })
	return server, dir, master, slave.Name()
}

func shoot(t *testing.T, master *os.File, i int) {
	t.Helper()
	if _, err := fmt.Fprintf(master, "\rcode %d\r", i); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := io.ReadFull(master, b); err != nil || b[0] != 0x06 {
		t.Fatalf("scan %d was answered %x, %v", i, b, err)
	}
}

// A bench computer has little memory: after thousands of scans the agent holds no more than 30 MB.
func TestMemory(t *testing.T) {
	server, dir, master, port := enrolled(t)
	cmd, stop := begin(t, dir, "serial://"+port+"?beep=acknak")
	const n = 3000
	for i := range n {
		shoot(t, master, i)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := server.WaitScans(ctx, n); err != nil {
		t.Fatal(err)
	}
	rss := resident(t, cmd.Process.Pid)
	t.Logf("%d scans, %d KiB resident", n, rss)
	if rss > 30<<10 {
		t.Errorf("the agent holds %d KiB", rss)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// resident returns the resident memory of a process in KiB.
func resident(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			n, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

func TestListenAndReplay(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	file := filepath.Join(t.TempDir(), "box.capture")
	first := record(t, master, "listen", "serial://"+slave.Name(), "--capture", file)
	if !strings.Contains(first, `"gtin":"6901234567892"`) || !strings.Contains(first, `"event":"complete"`) {
		t.Fatalf("heard %s", first)
	}
	played, ok := run(t, nil, "replay", file)
	if !ok || !strings.Contains(played, first) {
		t.Fatalf("replayed %s", played)
	}
	if out, ok := run(t, nil, "listen", "usb://kbd"); ok || !strings.Contains(out, "this build has evdev, hidpos, replay, serial, tcp") {
		t.Fatalf("an unknown scheme: %s", out)
	}
}

// record runs a verb that listens to a scanner until it has heard a code, and returns what it said of the first.
func record(t *testing.T, master *os.File, args ...string) string {
	t.Helper()
	cmd := station(t, nil, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errOut, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(errOut).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	// The port is opened behind that line: what comes before is thrown away, so a terminator is sent until one is heard.
	lines := bufio.NewScanner(out)
	heard := make(chan string, 8)
	go func() {
		defer close(heard)
		for lines.Scan() {
			heard <- lines.Text()
		}
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var first string
	for first == "" {
		select {
		case first = <-heard:
		case <-tick.C:
			if _, err := io.WriteString(master, "\r]E06901234567892\r"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for range heard {
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return first
}
