//go:build unix

package printer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// device opens a printer's device file. Non-blocking: a printer without labels takes no bytes, and a program that hangs in write cannot be stopped.
func device(path string) (conn, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		if errors.Is(err, unix.EBUSY) {
			return nil, fmt.Errorf("%s: another program prints: %w", path, err)
		}
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode()&os.ModeCharDevice == 0 {
		err = fmt.Errorf("%s is no printer device", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &usb{f}, nil
}

// usb reads through the empty packets of usblp, which look like the end of a file: a printer that has nothing to say yet says nothing.
type usb struct{ *os.File }

func (u *usb) Read(b []byte) (int, error) {
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		n, err := u.File.Read(b)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		time.Sleep(pause)
	}
}
