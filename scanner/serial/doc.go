// Package serial opens scanners on serial ports: RS-232, USB-serial converters and USB scanners in COM-port emulation (CDC-ACM).
//
//	serial:///dev/ttyUSB0?baud=9600&parity=none&bits=8&stop=1
//	serial://?vid=0c2e&pid=0b6a&sn=21134B0CB2     the USB device, under whatever number it comes back
//	serial:COM5                                   Windows
//
// A port number is a matter of plugging order: bind USB scanners by vendor, product and serial number, or by /dev/serial/by-id.
//
// Ports are listed from /sys without opening any: opening a port to look at it resets its line settings and, with some scanners, the scanner. Listing is
// Linux only. Run on pseudo-terminals and on USB serial and CDC-ACM devices of a virtual machine; nothing was run on Windows, macOS or a physical scanner.
package serial
