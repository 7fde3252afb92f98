package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData makes written bytes durable. The segment has its whole length already, so fdatasync, which leaves out the file's times, is enough.
func syncData(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR {
			return err
		}
	}
}
