// Package hid opens scanners that are keyboards or HID POS devices, and finds them without opening any.
//
//	evdev:///dev/input/by-id/usb-…-event-kbd        a keyboard that belongs to the station alone
//	evdev://?vid=0c2e&pid=0b6a&sn=21134B0CB2        the same device, under whatever number it comes back
//	evdev://?vid=0c2e&usb=1-2.3                     the one in that socket, for twins without serial numbers
//	hidpos:///dev/hidraw3                           USB HID POS, the mode to prefer
//	hidpos://?vid=0c2e&pid=0b6a&enable=254:01
//
//	device ─▶ raw input events, raw reports ─▶ keyboard or pos (pure) ─▶ frame.Event
//
// A stream gives the kernel's structures as they come, and its Encoding says how to read them: a decoder of keyboard or pos turns them into codes, for a
// device as for a capture. So reading a device is nothing but reading; the kernel keeps only ten typed characters, or 63 reports.
//
// Linux: both. Windows: HID POS, not run on a device. Elsewhere, and for what a system cannot do, opening says which mode to set the scanner to.
//
// It imports scanner, scanner/{frame,plug,usb}, internal/fault and its own children.
package hid
