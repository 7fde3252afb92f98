//go:build unix

package logbook

import (
	"fmt"
	"os"
	"syscall"
)

// lock is released by the kernel when the process ends, however it ends.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

func fsyncDir(d *os.File) error {
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder of logbook: %w", err)
	}
	return nil
}
