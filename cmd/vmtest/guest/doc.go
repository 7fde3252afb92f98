// Command guest is the first and only program of the virtual machine: it loads the modules, runs the kernel tests of scanner/hid, then soaks a station agent
// with scanners that it plays itself on real kernel devices, and says the verdict on the console.
//
//	keyboard ── uhid ─────────────▶ evdev ────┐
//	HID POS ─── uhid ─────────────▶ hidraw ───┤
//	CDC-ACM ─── ttyGS, dummy_hcd ─▶ ttyACM ───┼─▶ station run ─▶ journal, log ─▶ ledger ─▶ table
//	adapter ─── ttyS1, QEMU ──────▶ ttyUSB ───┘        ▲
//	                                            SIGSTOP, SIGCONT
package main
