//go:build unix

package expected

import (
	"errors"
	"os"
)

// syncDir makes a renamed file durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
