//go:build !unix

package logbook

import "os"

// lock: other systems have no advisory lock in the standard library; the listening port already keeps a second simulator out.
func lock(*os.File) error { return nil }

// fsyncDir: a folder cannot be synced there.
func fsyncDir(*os.File) error { return nil }
