//go:build !unix

package printer

import "fmt"

// device has nothing to open: elsewhere USB printers hang on the system's spooler.
func device(path string) (conn, error) {
	return nil, fmt.Errorf("%s: device files are for Linux; reach the printer over the network", path)
}
