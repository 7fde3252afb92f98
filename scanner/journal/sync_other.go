//go:build !linux

package journal

import "os"

// syncData makes written bytes durable; on macOS Sync asks the drive to empty its own cache, which fsync does not.
func syncData(f *os.File) error { return f.Sync() }
