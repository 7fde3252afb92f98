//go:build unix

package logbook

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// lock is released by the kernel when the process ends, however it ends.
const (
	lockTries = 100
	lockPause = 20 * time.Millisecond
)

// lock takes the file for this simulator. It tries for two seconds: a process that another goroutine is just starting holds every open file, this lock too, from
// its fork to its exec.
func lock(f *os.File) error {
	for tries := 1; ; tries++ {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || tries == lockTries {
			return err
		}
		time.Sleep(lockPause)
	}
}

func fsyncDir(d *os.File) error {
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder of logbook: %w", err)
	}
	return nil
}
