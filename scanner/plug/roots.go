package plug

import (
	"os"
	"path/filepath"
	"strings"
)

// Roots are where a machine keeps its devices. Empty fields mean this machine's own.
type Roots struct {
	Sys string // sysfs, "/sys"
	Dev string // device files, "/dev"
}

const (
	realSys = "/sys"
	realDev = "/dev"
)

// SysDir is the root of sysfs.
func (r Roots) SysDir() string {
	if r.Sys == "" {
		return realSys
	}
	return r.Sys
}

// DevDir is the root of the device files.
func (r Roots) DevDir() string {
	if r.Dev == "" {
		return realDev
	}
	return r.Dev
}

// here reports whether these are the running kernel's own, so that its events are about them.
func (r Roots) here() bool { return r.SysDir() == realSys && r.DevDir() == realDev }

// Attribute reads a one-line file of sysfs or procfs; empty when it is not there.
func Attribute(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
