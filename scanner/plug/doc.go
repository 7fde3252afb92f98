// Package plug says when a device may have come or gone: at once by the kernel's uevents on Linux, and by comparing directory listings everywhere.
//
//	kernel, udev ── netlink ──▶ uevents of tty, usb, hid, input ─┐
//	/dev, /sys/class, by-id links ── compare every 2 s ──────────┼─▶ Changed (one pending signal is as good as many)
//	                       every 250 ms where no uevent comes ───┘
//
// A signal is only a reason to look again; what is believed is what sysfs and the device files then say. So a lost, repeated or forged event does no harm.
// Nothing here opens a device: opening a port to look at it resets its line settings and, with some scanners, the scanner.
//
// It imports only the standard library and golang.org/x/sys.
package plug
