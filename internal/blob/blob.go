package blob

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

var (
	// ErrNotFound says that there is no file under a key.
	ErrNotFound = errors.New("no such file")
	// ErrFull says that the disk is full: nothing was kept.
	ErrFull = errors.New("the storage is full")
)

// Info is a file as List meets it.
type Info struct {
	Key      string
	Size     int64 // bytes
	Modified time.Time
}

var keyForm = regexp.MustCompile(`^[a-z]{1,16}/[0-9a-f]{16,64}$`)

// check refuses keys that are not ours: they become paths.
func check(key string) error {
	if !keyForm.MatchString(key) {
		return fmt.Errorf("blob key %q: want family/hex", key)
	}
	return nil
}
