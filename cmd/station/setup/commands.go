package setup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// reloadUdev makes rules count for what is plugged in already.
func (s Setup) reloadUdev() error {
	if err := s.Run("udevadm", "control", "--reload"); err != nil {
		return fmt.Errorf("udev does not take the rules: %w", err)
	}
	args := []string{"trigger", "--action=change"}
	for _, subsystem := range []string{"usb", "tty", "hidraw", "input"} {
		args = append(args, "--subsystem-match="+subsystem)
	}
	if err := s.Run("udevadm", args...); err != nil {
		return fmt.Errorf("udev does not look at the devices again; unplug the scanners and plug them in: %w", err)
	}
	return nil
}

// start makes the user and its directory, and runs the service from now on. Before the computer is enrolled it would only fail: then it is left for later.
func (s Setup) start(changed bool) error {
	for _, cmd := range [][]string{{"systemd-sysusers", sysusersFile}, {"install", "-d", "-o", User, "-g", User, "-m", "0700", StateDir},
		{"systemctl", "daemon-reload"}, {"systemctl", "enable", Service}} {
		if err := s.Run(cmd[0], cmd[1:]...); err != nil {
			return fmt.Errorf("install: %w", err)
		}
	}
	if err := s.Run("modprobe", append([]string{"-a"}, classDrivers...)...); err != nil {
		// The other kind of scanner works all the same.
		if err := s.say("note       a driver for USB scanners is missing from this kernel: %v", err); err != nil {
			return err
		}
	}
	if _, err := os.Stat(s.at(filepath.Join(StateDir, "station.json"))); errors.Is(err, fs.ErrNotExist) {
		return s.say("\nThis computer is not enrolled yet. Make a code on the server's stations screen, then:\n"+
			"  sudo -u %s %s --data %s enroll --server URL --code CODE\n  sudo systemctl start %s", User, s.Program, StateDir, Service)
	}
	verb := "start"
	if changed {
		verb = "restart"
	}
	if err := s.Run("systemctl", verb, Service); err != nil {
		return fmt.Errorf("the service does not start; journalctl -u %s says why: %w", Service, err)
	}
	return s.say("\nThe agent runs: systemctl status %s. Look at it with: sudo %s --config %s --data %s doctor", Service, s.Program, ConfigFile, StateDir)
}

// Uninstall stops the service and removes what we wrote. Configuration, the user and its data stay: scans may wait there.
func (s Setup) Uninstall() error {
	if err := s.ready(); err != nil {
		return err
	}
	files, err := s.files()
	if err != nil {
		return err
	}
	if err := s.stop(); err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, f := range files {
		is, err := s.state(f)
		if err != nil {
			return err
		}
		switch is {
		case absent:
		case kept:
			err = s.say("left       %s", f.path)
		default:
			gone[f.path] = true
			err = errors.Join(os.Remove(s.at(f.path)), s.say("removed    %s", f.path))
		}
		if err != nil {
			return fmt.Errorf("uninstall: %w", err)
		}
	}
	if s.Run == nil {
		return nil
	}
	if gone[unitFile] {
		if err := s.Run("systemctl", "daemon-reload"); err != nil {
			return fmt.Errorf("systemctl: %w", err)
		}
	}
	if gone[RulesFile] {
		if err := s.reloadUdev(); err != nil {
			return err
		}
	}
	if s.wants(OnlyService) {
		return s.say("\nScans and enrolment stay in %s, the user %s too.", StateDir, User)
	}
	return nil
}

// stop ends the service if it is ours to end.
func (s Setup) stop() error {
	if s.Run == nil || !s.wants(OnlyService) {
		return nil
	}
	if _, err := os.Stat(s.at(unitFile)); err != nil {
		return nil // never installed
	}
	if err := s.Run("systemctl", "disable", "--now", Service); err != nil {
		return fmt.Errorf("the service does not stop: %w", err)
	}
	return nil
}
