// Command vmtest boots a virtual machine with a stock kernel and runs the scanner drivers and a real station agent against real kernel devices in it.
//
//	kernel .deb ─▶ vmlinuz, modules ─┐
//	init (cmd/vmtest/guest) ─────────┼─▶ initrd ─▶ QEMU ─▶ serial console ─▶ verdict
//	station agent, kernel tests ─────┘
//
// It needs neither KVM nor root, and reads nothing of the host's devices. docs/vmtest.md says what it shows, and how to repeat it.
package main
