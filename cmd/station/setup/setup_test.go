package setup

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner/maker"
)

// computer is a root directory and the commands that were run on it.
type computer struct {
	Setup
	out bytes.Buffer
	ran []string
}

func newComputer(t *testing.T) *computer {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"run/systemd/system", "run/udev", "etc"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c := &computer{Setup: Setup{Root: root, Program: "/usr/local/bin/station", Part: Everything, IsRoot: true}}
	c.Out = &c.out
	c.Run = func(name string, args ...string) error {
		c.ran = append(c.ran, strings.Join(append([]string{name}, args...), " "))
		return nil
	}
	c.put(t, "/etc/group", "root:x:0:\nplugdev:x:46:\ndialout:x:20:\n")
	return c
}

func (c *computer) put(t *testing.T, path, text string) {
	t.Helper()
	full := c.at(path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func (c *computer) read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(c.at(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// said returns the output and the commands since the last call.
func (c *computer) said() (string, string) {
	defer func() { c.out.Reset(); c.ran = nil }()
	return c.out.String(), strings.Join(c.ran, "\n")
}

var ours = []string{RulesFile, sysusersFile, modulesFile, unitFile}

func TestInstall(t *testing.T) {
	t.Parallel()
	c := newComputer(t)
	c.Devices = []string{"serial://?vid=0c2e&pid=0b6a&sn=A%26B+2", "tcp://10.0.0.5:9100"}
	if err := c.Install(); err != nil {
		t.Fatal(err)
	}
	out, ran := c.said()
	if !strings.Contains(out, "sudo -u backdock-station /usr/local/bin/station --data /var/lib/backdock-station enroll") {
		t.Errorf("it does not say how to go on:\n%s", out)
	}
	want := `udevadm control --reload
udevadm trigger --action=change --subsystem-match=usb --subsystem-match=tty --subsystem-match=hidraw --subsystem-match=input
systemd-sysusers /etc/sysusers.d/backdock-station.conf
install -d -o backdock-station -g backdock-station -m 0700 /var/lib/backdock-station
systemctl daemon-reload
systemctl enable backdock-station.service
modprobe -a cdc_acm usbserial`
	if ran != want {
		t.Errorf("ran\n%s\nwant\n%s", ran, want)
	}
	for _, path := range ours {
		if !strings.HasPrefix(c.read(t, path), mark) || !strings.Contains(out, "wrote      "+path) {
			t.Errorf("%s is not there, or not ours", path)
		}
	}
	var conf struct{ Device []string }
	if err := yaml.Unmarshal([]byte(c.read(t, ConfigFile)), &conf); err != nil || strings.Join(conf.Device, " ") != strings.Join(c.Devices, " ") {
		t.Errorf("the configuration holds %v, %v", conf, err)
	}

	// Again, enrolled: nothing is written, the service is started, not restarted; udev is left in peace.
	c.put(t, StateDir+"/station.json", "{}")
	before := c.read(t, unitFile)
	if err := c.Install(); err != nil {
		t.Fatal(err)
	}
	out, ran = c.said()
	if strings.Contains(out, "wrote") || strings.Contains(ran, "udevadm") || !strings.HasSuffix(ran, "systemctl start "+Service) || c.read(t, unitFile) != before {
		t.Errorf("the second time it said\n%s\nand ran\n%s", out, ran)
	}

	// A new release brings another unit; people's configuration stays.
	c.put(t, unitFile, mark+"[Unit]\n")
	c.put(t, ConfigFile, "lang: en\n")
	if err := c.Install(); err != nil {
		t.Fatal(err)
	}
	if _, ran = c.said(); !strings.HasSuffix(ran, "systemctl restart "+Service) || c.read(t, ConfigFile) != "lang: en\n" || c.read(t, unitFile) != before {
		t.Errorf("with an older unit it ran\n%s", ran)
	}
}

func TestUninstall(t *testing.T) {
	t.Parallel()
	c := newComputer(t)
	if err := c.Uninstall(); err != nil {
		t.Fatalf("on a computer that has nothing: %v", err)
	}
	if _, ran := c.said(); ran != "" {
		t.Errorf("with nothing installed it ran %s", ran)
	}
	if err := c.Install(); err != nil {
		t.Fatal(err)
	}
	c.put(t, StateDir+"/station.json", "{}")
	c.said()
	if err := c.Uninstall(); err != nil {
		t.Fatal(err)
	}
	out, ran := c.said()
	if !strings.HasPrefix(ran, "systemctl disable --now "+Service) || !strings.Contains(ran, "udevadm control --reload") {
		t.Errorf("ran\n%s", ran)
	}
	for _, path := range ours {
		if _, err := os.Stat(c.at(path)); err == nil {
			t.Errorf("%s stays", path)
		}
	}
	for _, path := range []string{ConfigFile, StateDir + "/station.json"} {
		c.read(t, path)
	}
	if !strings.Contains(out, "left       "+ConfigFile) || !strings.Contains(out, StateDir) {
		t.Errorf("it does not say what stays:\n%s", out)
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	for part, want := range map[Part]string{OnlyRules: RulesFile, OnlyService: strings.Join([]string{ConfigFile, modulesFile, sysusersFile, unitFile}, " ")} {
		c := newComputer(t)
		c.Part = part
		if err := c.Install(); err != nil {
			t.Fatal(err)
		}
		var there []string
		for _, path := range []string{ConfigFile, modulesFile, sysusersFile, unitFile, RulesFile} {
			if _, err := os.Stat(c.at(path)); err == nil {
				there = append(there, path)
			}
		}
		if got := strings.Join(there, " "); got != want {
			t.Errorf("--only %s wrote %s, want %s", part, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(t *testing.T, c *computer)
		code   string
		says   string
	}{
		{"not root", func(t *testing.T, c *computer) { c.IsRoot = false }, CodeNotRoot, "sudo"},
		{"no systemd", func(t *testing.T, c *computer) { must(t, os.RemoveAll(c.at("/run/systemd"))) }, CodeNoSystemd, "--only rules"},
		{"no udev", func(t *testing.T, c *computer) { must(t, os.RemoveAll(c.at("/run/udev"))) }, CodeNoUdev, "--only service"},
		{"a program at home", func(t *testing.T, c *computer) { c.Program = "/home/li/station" }, CodeProgram, "/usr/local/bin"},
		{"a program with a space", func(t *testing.T, c *computer) { c.Program = "/opt/back dock/station" }, CodeProgram, "/usr/local/bin"},
		{"somebody's rules", func(t *testing.T, c *computer) { c.put(t, RulesFile, "# mine\n") }, CodeForeign, "--force"},
		{"somebody's unit", func(t *testing.T, c *computer) { c.put(t, unitFile, "[Unit]\n") }, CodeForeign, "--force"},
		{"no group", func(t *testing.T, c *computer) { c.put(t, "/etc/group", "root:x:0:\nnodialout:x:1:\n") }, "install_no_group", "--group"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newComputer(t)
			tc.change(t, c)
			if err := c.Install(); fault.Code(err) != tc.code || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("Install gave %v", err)
			}
			for _, path := range ours {
				if b, err := os.ReadFile(c.at(path)); err == nil && bytes.HasPrefix(b, []byte(mark)) {
					t.Errorf("%s was written all the same", path)
				}
			}
			if _, ran := c.said(); ran != "" {
				t.Errorf("ran %s", ran)
			}
		})
	}
	c := newComputer(t)
	c.put(t, RulesFile, "# mine\n")
	c.Force = true
	if err := c.Install(); err != nil || !strings.HasPrefix(c.read(t, RulesFile), mark) {
		t.Errorf("--force: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A command that fails stops the installation with its words; a driver that is missing does not.
func TestCommandFails(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"udevadm": "udev does not take", "systemctl": "install:", "modprobe": ""} {
		c := newComputer(t)
		c.Run = func(cmd string, _ ...string) error {
			if cmd == name {
				return errors.New("no such thing")
			}
			return nil
		}
		err := c.Install()
		if (err == nil) != (want == "") || (err != nil && !(strings.Contains(err.Error(), want) && strings.Contains(err.Error(), "no such thing"))) {
			t.Errorf("%s fails: %v", name, err)
		}
	}
}

// For an image files are written and nothing is run; neither root nor systemd are asked for.
func TestImage(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := Setup{Root: t.TempDir(), Program: "/usr/bin/station", Part: Everything, Out: &out}
	must(t, s.Install())
	if b, err := os.ReadFile(s.at(unitFile)); err != nil || !strings.Contains(string(b), "ExecStart=/usr/bin/station --config") {
		t.Errorf("%s, %v", b, err)
	}
}

func TestPrintTouchesNothing(t *testing.T) {
	t.Parallel()
	c := newComputer(t)
	c.IsRoot = false
	must(t, c.Print())
	out, ran := c.said()
	for _, path := range append(ours, ConfigFile) {
		if _, err := os.Stat(c.at(path)); err == nil || !strings.Contains(out, "# ---- "+path+"\n") {
			t.Errorf("%s: written, or not printed", path)
		}
	}
	if ran != "" {
		t.Errorf("ran %s", ran)
	}
}

// A rule is one line of KEY op "value" pairs; udev passes over a line that is not, and nobody would notice.
func TestRulesAreRules(t *testing.T) {
	t.Parallel()
	pair := `[A-Z]+(\{[A-Za-z_]+\})?(==|!=|=|\+=|:=)"[^"]*"`
	rule := regexp.MustCompile(`^` + pair + `(, ` + pair + `)*$`)
	text := rules("dialout")
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line != "" && line[0] != '#' && !rule.MatchString(line) {
			t.Errorf("no rule: %s", line)
		}
	}
	for _, m := range maker.All() {
		ignored := strings.Contains(text, `ATTRS{idVendor}=="`+m.VID+`", ENV{ID_MM_DEVICE_IGNORE}="1"`)
		if ignored != m.Scanner || !strings.Contains(text, `SUBSYSTEM=="tty", ATTRS{idVendor}=="`+m.VID+`"`) {
			t.Errorf("%s %s: no port rule, or ModemManager is told the wrong thing", m.VID, m.Name)
		}
	}
}

// systemd itself reads the unit.
func TestUnitVerifies(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze here")
	}
	program, err := exec.LookPath("true")
	if err != nil {
		t.Skip("no program to name")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, Service)
	must(t, os.WriteFile(path, []byte(unit(program, "root")), 0o644))
	out, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput()
	if err != nil || strings.Contains(string(out), Service) {
		t.Errorf("%v\n%s", err, out)
	}
	must(t, os.WriteFile(path, []byte(strings.Replace(unit(program, "root"), "Restart=always", "Restart=perhaps", 1)), 0o644))
	if out, _ := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput(); !strings.Contains(string(out), "perhaps") {
		t.Skipf("this systemd-analyze finds no fault in a broken unit either: %s", out)
	}
}
