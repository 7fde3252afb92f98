package plug

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The running kernel is asked to announce a terminal again: its message arrives long before the next look.
func TestKernelAnnounces(t *testing.T) {
	uevents, err := filepath.Glob("/sys/class/tty/*/uevent")
	if err != nil || len(uevents) == 0 {
		t.Skip("this kernel has no terminals in sysfs")
	}
	w := Start(Config{Slow: time.Hour})
	defer w.Close()
	if w.kernel == nil {
		t.Skip("no socket for uevents here")
	}
	err = os.WriteFile(uevents[0], []byte("change"), 0)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		t.Skipf("only root may ask the kernel to announce a device: %v", err)
	}
	must(t, err)
	select {
	case <-w.Changed():
	case <-time.After(ceiling):
		t.Skip("the kernel announces nothing to this container")
	}
}
