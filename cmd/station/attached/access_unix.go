//go:build unix

package attached

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// access looks at a device file, behind links, without opening it.
func access(path string) Access {
	info, err := os.Stat(path)
	if err != nil {
		return Access{}
	}
	a := Access{You: unix.Access(path, unix.R_OK|unix.W_OK) == nil, Mode: info.Mode().Perm().String()[1:], bits: uint32(info.Mode().Perm())}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		a.UID, a.GID = int(s.Uid), int(s.Gid)
		a.Owner, a.Group = User(a.UID), group(a.GID)
	}
	return a
}
