// Package plugtest is a computer's /sys and /dev as files, into which tests plug scanners. A port is any file, such as a pseudo-terminal.
// It is for tests only and may import scanner/plug.
package plugtest
