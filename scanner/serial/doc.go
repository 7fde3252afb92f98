// Package serial opens scanners on serial ports: RS-232, USB-serial converters and USB scanners in COM-port emulation (CDC-ACM).
//
//	serial:///dev/ttyUSB0?baud=9600&parity=none&bits=8&stop=1
//	serial://?vid=0c2e&pid=0b6a&sn=21134B0CB2     the USB device, under whatever number it comes back
//	serial://?vid=0c2e&pid=0b6a&usb=1-2.3         the one in that socket, for twins without serial numbers
//	serial:COM5                                   Windows
//
// A port number is a matter of plugging order: bind USB scanners by vendor, product and serial number or socket, or by /dev/serial/by-id. When a URL fits two
// devices none is opened: guessing would book one bench's pieces from another's hand.
//
// A stream ends when its device file goes or becomes another device, also when the kernel lets a read hang as it may after a suspend.
//
// Ports are listed from /sys without opening any: opening a port to look at it resets its line settings and, with some scanners, the scanner. Listing is
// Linux only. Run on pseudo-terminals and, plugged in and pulled 200 times, on CDC-ACM devices of a virtual machine (Linux 6.1, dummy_hcd); nothing was run
// on Windows, macOS or a physical scanner.
//
// It imports scanner/plug, scanner/usb and internal/{clock,fault}.
package serial
