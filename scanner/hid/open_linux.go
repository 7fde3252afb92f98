package hid

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner/plug"
)

func canKeyboard() error { return nil }
func canPOS() error      { return nil }

// Numbers of ioctl calls: direction, size, letter, number. So on all machines but MIPS, PowerPC and SPARC.
func ioc(direction, size, letter, number uint) uint {
	return direction<<30 | size<<16 | letter<<8 | number
}

const (
	iocWrite = 1
	iocRead  = 2
)

// device is an open device file. Its Close ends a blocked Read.
type device struct {
	file    *os.File
	closed  atomic.Bool
	left    atomic.Bool // the guard saw the device go
	unwatch func()      // ends the guard; nil where there is none
	raw     interface {
		Control(func(fd uintptr)) error
		Read(func(fd uintptr) bool) error
	}
}

// openDevice opens a device file for reading, and for writing where this user may.
func openDevice(path string) (*device, error) {
	const flags = unix.O_NONBLOCK | unix.O_CLOEXEC
	fd, err := unix.Open(path, unix.O_RDWR|flags, 0)
	if errors.Is(err, fs.ErrPermission) {
		fd, err = unix.Open(path, unix.O_RDONLY|flags, 0)
	}
	switch {
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return nil, fmt.Errorf("open %s: %w", path, fs.ErrNotExist) // unplugged a moment ago
	case errors.Is(err, fs.ErrPermission):
		return nil, fault.New(fault.Denied, CodeDenied, "%s: no permission; run station install, or add this user to the group that owns the file, and plug the scanner in again: %w", path, err).With("about", path)
	case err != nil:
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	d := &device{file: os.NewFile(uintptr(fd), path)}
	if d.raw, err = d.file.SyscallConn(); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), d.file.Close())
	}
	return d, nil
}

// ioctl calls with a pointer to b.
func (d *device) ioctl(request uint, b []byte) error {
	var errno unix.Errno
	err := d.raw.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, uintptr(request), uintptr(unsafe.Pointer(&b[0])))
	})
	if err == nil && errno != 0 {
		err = errno
	}
	return err
}

// guard ends the device's reads when it has gone.
func (d *device) guard(c plug.Config, who *plug.Identity) {
	d.unwatch = plug.Guard(c, who, func() {
		d.left.Store(true)
		_ = d.file.SetReadDeadline(time.Unix(1, 0)) // fails on a file that is closed, whose reads have ended
	})
}

// ended turns what a read into p says after unplugging into io.EOF, behind what the kernel still holds: hidraw keeps reports of a device that went.
func (d *device) ended(p []byte, err error) (int, error) {
	switch {
	case d.closed.Load():
		return 0, os.ErrClosed
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.EIO):
		return 0, io.EOF
	case d.left.Load() && errors.Is(err, os.ErrDeadlineExceeded):
		n := 0
		if e := d.raw.Control(func(fd uintptr) { n, err = unix.Read(int(fd), p) }); e != nil || err != nil || n <= 0 {
			return 0, io.EOF
		}
		return n, nil
	}
	return 0, fmt.Errorf("read %s: %w", d.file.Name(), err)
}

func (d *device) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	if d.unwatch != nil {
		d.unwatch()
	}
	return d.file.Close()
}
