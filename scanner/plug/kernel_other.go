//go:build !linux

package plug

import "io"

// kernelEvents is nil: listings alone tell.
var kernelEvents func() (io.ReadCloser, error)
