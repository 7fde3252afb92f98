package plug

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const (
	groupKernel = 1
	groupUdev   = 2 // libudev's own: sent when the rules have run
)

// kernelEvents listens to both senders: udev's message comes when links and permissions are in place, the kernel's also where no udev runs.
// The messages carry no netlink header, so a netlink library has nothing to read in them. Anyone may listen; no privilege is needed.
func kernelEvents() (io.ReadCloser, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, fmt.Errorf("listen to uevents: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groupKernel | groupUdev}); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("listen to uevents: %w", err)
	}
	return os.NewFile(uintptr(fd), "uevents"), nil // non-blocking: Close ends a Read
}
