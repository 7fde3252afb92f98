// Package maker knows who makes the scanners and converters that are plugged into a bench: data from usb.ids and the makers' manuals.
//
// It imports only the standard library.
package maker
