package hid

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/backdock/backdock/scanner/hid/pos"
)

const eventSize = 24

func canKeyboard() error {
	return errors.New("no program can have a keyboard to itself on Windows: set the scanner to HID POS (hidpos:) or to USB-COM (serial:) with the code in its manual")
}

func canPOS() error { return nil }

// findPOS names the interface of the one HID POS scanner that matches.
func (t Target) findPOS() (string, error) {
	if t.Path != "" {
		return "", errors.New("on Windows a HID POS scanner is named by vid, pid and sn, not by a file")
	}
	if t.Socket != "" {
		return "", errors.New("on Windows a HID POS scanner is named by vid, pid and sn, not by usb=")
	}
	var guid windows.GUID
	hidGetGUID.Call(uintptr(unsafe.Pointer(&guid)))
	paths, err := windows.CM_Get_Device_Interface_List("", &guid, windows.CM_GET_DEVICE_INTERFACE_LIST_PRESENT)
	if err != nil {
		return "", fmt.Errorf("list HID devices: %w", err)
	}
	var found []string
	for _, path := range paths {
		if t.fits(path) {
			found = append(found, path)
		}
	}
	switch len(found) {
	case 0:
		return "", fs.ErrNotExist
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%d HID POS scanners match: add sn= to tell them apart", len(found))
}

// fits looks at a device without claiming it. One that cannot be looked at does not fit.
func (t Target) fits(path string) bool {
	h, err := openInterface(path, 0, 0)
	if err != nil {
		return false
	}
	defer windows.CloseHandle(h)
	a := attributes{size: uint32(unsafe.Sizeof(attributes{}))}
	if ok, _, _ := hidGetAttributes.Call(uintptr(h), uintptr(unsafe.Pointer(&a))); byte(ok) == 0 {
		return false
	}
	if t.VID != "" && t.VID != fmt.Sprintf("%04x", a.vendor) || t.PID != "" && t.PID != fmt.Sprintf("%04x", a.product) {
		return false
	}
	if t.Serial != "" && !strings.EqualFold(t.Serial, serialOf(h)) {
		return false
	}
	p, err := preparse(h)
	if err != nil {
		return false
	}
	defer p.free()
	c, err := p.caps()
	return err == nil && c.page == pos.Page && c.usage == uint16(pos.Scanner)
}

func serialOf(h windows.Handle) string {
	var b [128]uint16
	if ok, _, _ := hidGetSerial.Call(uintptr(h), uintptr(unsafe.Pointer(&b[0])), unsafe.Sizeof(b)); byte(ok) == 0 {
		return ""
	}
	return windows.UTF16ToString(b[:])
}

func openInterface(path string, access, flags uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	return windows.CreateFile(name, access, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, flags, 0)
}
