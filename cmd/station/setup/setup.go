package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/backdock/backdock/internal/fault"
)

// Names that documents and people use.
const (
	Service    = "backdock-station.service"
	User       = "backdock-station"
	StateDir   = "/var/lib/" + stateName
	ConfigFile = "/etc/backdock/station.yaml"
	RulesFile  = "/etc/udev/rules.d/70-backdock.rules"

	stateName    = "backdock-station"
	unitFile     = "/etc/systemd/system/" + Service
	sysusersFile = "/etc/sysusers.d/backdock-station.conf"
	modulesFile  = "/etc/modules-load.d/backdock-station.conf"
)

// Faults an administrator can mend.
const (
	CodeNotRoot   = "install_not_root"
	CodeNoSystemd = "install_no_systemd"
	CodeNoUdev    = "install_no_udev"
	CodeForeign   = "install_foreign_file" // a file of that name is not ours
	CodeProgram   = "install_program"      // the program lies where the service cannot see it
)

// Part is what to set up.
type Part string

const (
	Everything  Part = "all"
	OnlyRules   Part = "rules"
	OnlyService Part = "service"
)

// Setup is one computer to set up.
type Setup struct {
	Root    string   // "/", or where an image or a test has its own
	Program string   // path of station on that computer
	Group   string   // that may open scanners; empty for the first of groups that is there
	Devices []string // scanner URLs for a new configuration file
	Part    Part
	Force   bool // also files that are not ours

	IsRoot bool
	Run    func(name string, args ...string) error // nil: run nothing, as for an image
	Out    io.Writer
}

// groups that own serial ports: Debian, Fedora and SUSE; Arch; then the one for pluggable devices.
var groups = []string{"dialout", "uucp", "plugdev"}

// file is one that belongs to us.
type file struct {
	path, text string
	once       bool // people edit it: written only if there is none, and never removed
}

func (s Setup) wants(p Part) bool { return s.Part == Everything || s.Part == p }

func (s Setup) files() ([]file, error) {
	group, err := s.group()
	if err != nil {
		return nil, err
	}
	var out []file
	if s.wants(OnlyRules) {
		out = append(out, file{path: RulesFile, text: rules(group)})
	}
	if s.wants(OnlyService) {
		out = append(out, file{path: sysusersFile, text: sysusers(group)}, file{path: modulesFile, text: modules()},
			file{path: ConfigFile, text: config(s.Devices), once: true}, file{path: unitFile, text: unit(s.Program, group)})
	}
	return out, nil
}

// group that may open scanners.
func (s Setup) group() (string, error) {
	if s.Group != "" {
		return s.Group, nil
	}
	b, err := os.ReadFile(s.at("/etc/group"))
	if err != nil {
		return groups[0], nil // no such file: a group by another service, or an image that gets its own
	}
	for _, g := range groups {
		if bytes.HasPrefix(b, []byte(g+":")) || bytes.Contains(b, []byte("\n"+g+":")) {
			return g, nil
		}
	}
	return "", fault.New(fault.NotFound, "install_no_group", "this computer has none of the groups %s: make one, or name another with --group", strings.Join(groups, ", "))
}

func (s Setup) at(path string) string { return filepath.Join(s.Root, path) }

// Print writes the files as they would be, and touches nothing.
func (s Setup) Print() error {
	files, err := s.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := fmt.Fprintf(s.Out, "# ---- %s\n%s\n", f.path, f.text); err != nil {
			return err
		}
	}
	return nil
}

// Install writes what differs and makes it work. Doing it twice changes nothing.
func (s Setup) Install() error {
	if err := s.ready(); err != nil {
		return err
	}
	if err := s.programSeen(); err != nil {
		return err
	}
	files, err := s.files()
	if err != nil {
		return err
	}
	// All or none: a foreign file is found before the first is written.
	for _, f := range files {
		if _, err := s.state(f); err != nil {
			return err
		}
	}
	changed := map[string]bool{}
	for _, f := range files {
		wrote, err := s.write(f)
		if err != nil {
			return err
		}
		changed[f.path] = wrote
	}
	if s.Run == nil {
		return nil
	}
	if s.wants(OnlyRules) && changed[RulesFile] {
		if err := s.reloadUdev(); err != nil {
			return err
		}
	}
	if s.wants(OnlyService) {
		return s.start(changed[unitFile])
	}
	return nil
}

// ready says what keeps this computer from being set up.
func (s Setup) ready() error {
	if s.Run == nil {
		return nil // files alone need neither
	}
	if !s.IsRoot {
		return fault.New(fault.Denied, CodeNotRoot, "station install changes system files: run it with sudo, or look at what it would write with --print")
	}
	if _, err := os.Stat(s.at("/run/systemd/system")); s.wants(OnlyService) && err != nil {
		return fault.New(fault.NotFound, CodeNoSystemd, "this computer does not run systemd: use --only rules, and start station run by whatever starts programs here; --print shows the unit to go by")
	}
	if _, err := os.Stat(s.at("/run/udev")); s.wants(OnlyRules) && err != nil {
		return fault.New(fault.NotFound, CodeNoUdev, "this computer does not run udev (it may be a container): use --only service, and give the scanner's device file to the agent's user")
	}
	return nil
}

// programSeen refuses places that the service's sandbox hides or that go away.
func (s Setup) programSeen() error {
	if !s.wants(OnlyService) {
		return nil
	}
	for _, hidden := range []string{"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"} {
		if strings.HasPrefix(s.Program, hidden) {
			return fault.New(fault.Invalid, CodeProgram, "the service cannot run %s: copy it first (sudo install %s /usr/local/bin/station), then run /usr/local/bin/station install", s.Program, s.Program)
		}
	}
	if strings.ContainsAny(s.Program, " \t\"'\\%$") {
		return fault.New(fault.Invalid, CodeProgram, "the path %q would need quoting in a unit: copy the program to /usr/local/bin/station and run that", s.Program)
	}
	return nil
}

type state int

const (
	absent state = iota
	same
	differs
	kept // people's own
)

// state compares a file with what it should be. A file without our mark is an error unless Force is set.
func (s Setup) state(f file) (state, error) {
	b, err := os.ReadFile(s.at(f.path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return absent, nil
	case err != nil:
		return absent, fmt.Errorf("install: %w", err)
	case f.once:
		return kept, nil
	case string(b) == f.text:
		return same, nil
	case !bytes.HasPrefix(b, []byte(mark)) && !s.Force:
		return differs, fault.New(fault.Conflict, CodeForeign, "%s was not written by station install: move it away, or overwrite it with --force", f.path)
	}
	return differs, nil
}

func (s Setup) write(f file) (changed bool, err error) {
	is, err := s.state(f)
	if err != nil {
		return false, err
	}
	switch is {
	case same:
		return false, s.say("unchanged  %s", f.path)
	case kept:
		return false, s.say("yours      %s", f.path)
	}
	path := s.at(f.path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, fmt.Errorf("install: %w", err)
	}
	part := path + ".part"
	if err := errors.Join(os.WriteFile(part, []byte(f.text), 0o644), os.Chmod(part, 0o644), os.Rename(part, path)); err != nil {
		return false, fmt.Errorf("install: %w", err)
	}
	return true, s.say("wrote      %s", f.path)
}

func (s Setup) say(format string, args ...any) error {
	_, err := fmt.Fprintf(s.Out, format+"\n", args...)
	return err
}
