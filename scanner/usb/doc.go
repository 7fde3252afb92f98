// Package usb tells USB devices apart: by vendor, product and serial number, and by the socket they are plugged into where twins have no serial number.
//
//	vid=0c2e&pid=0b6a&sn=21134B0CB2     one device, wherever it is plugged in
//	vid=1a86&pid=7523&usb=1-2.3         whatever is in that socket: bus 1, port 2, port 3 of the hub there
//	vid=05f9&pid=4204&usb=1-1:1.2       one interface of a device that shows two alike
//
// When a match fits two devices nobody guesses: Find says what tells them apart. Sockets are as sysfs names them; Linux only.
//
// It imports scanner/plug and internal/fault.
package usb
