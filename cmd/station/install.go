package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/backdock/backdock/cmd/station/setup"
)

type installCmd struct {
	Print     bool     `help:"Only print the files."`
	Uninstall bool     `help:"Stop the service and remove the files. Scans, enrolment and configuration stay."`
	Only      string   `help:"Part to set up: all, rules (access to scanners) or service." enum:"all,rules,service" default:"all"`
	Group     string   `help:"Group that may open scanners; by default the first of dialout, uucp, plugdev that is there." placeholder:"GROUP"`
	Device    []string `help:"Scanner URL for a new configuration file; repeat for more." placeholder:"URL" sep:"none"`
	Program   string   `help:"Path of station that the service runs; by default of this one." placeholder:"FILE" type:"path"`
	Root      string   `help:"Write below this directory and run nothing: for images." placeholder:"DIR" type:"path"`
	Force     bool     `help:"Also overwrite files of these names that were not written by station install."`
}

func (c *installCmd) Run() error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("station install is for Linux with systemd and udev; here start station run with whatever starts programs at log-in")
	}
	s := setup.Setup{Root: "/", Program: c.Program, Group: c.Group, Devices: c.Device, Part: setup.Part(c.Only), Force: c.Force, IsRoot: os.Geteuid() == 0, Run: runCommand, Out: os.Stdout}
	if c.Root != "" {
		s.Root, s.Run = c.Root, nil
	}
	if s.Program == "" {
		self, err := os.Executable()
		if err == nil {
			self, err = filepath.EvalSymlinks(self)
		}
		if err != nil {
			return fmt.Errorf("where this program is: %w", err)
		}
		s.Program = self
	}
	switch {
	case c.Print:
		return s.Print()
	case c.Uninstall:
		return s.Uninstall()
	}
	return s.Install()
}

// runCommand shows what a command says only if it fails: then it says why.
func runCommand(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}
