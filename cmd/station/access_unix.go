//go:build unix

package main

import "golang.org/x/sys/unix"

// accessible asks whether this user may read and write a device, without opening it.
func accessible(path string) error { return unix.Access(path, unix.R_OK|unix.W_OK) }
