package disk

import (
	"errors"
	"os"
	"path/filepath"
)

// Part is added to the name of a file that is being written.
const Part = ".part"

// WriteFile replaces a small file so that a crash leaves the old or the new one. Only the owner can read it.
func WriteFile(path string, b []byte) error {
	f, err := os.OpenFile(path+Part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return Replace(path)
}

// Replace puts the file that was written under path and Part, and is synced and closed, in the place of path.
func Replace(path string) error {
	if err := os.Rename(path+Part, path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// Remove deletes a file that may be gone already.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
