package hid

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The HID functions of Windows that golang.org/x/sys does not have. Source: hidsdi.h and hidpi.h of the Windows SDK.
var (
	hidDLL = windows.NewLazySystemDLL("hid.dll")

	hidGetGUID       = hidDLL.NewProc("HidD_GetHidGuid")
	hidGetAttributes = hidDLL.NewProc("HidD_GetAttributes")
	hidGetSerial     = hidDLL.NewProc("HidD_GetSerialNumberString")
	hidGetPreparsed  = hidDLL.NewProc("HidD_GetPreparsedData")
	hidFreePreparsed = hidDLL.NewProc("HidD_FreePreparsedData")
	hidSetFeature    = hidDLL.NewProc("HidD_SetFeature")
	hidSetBuffers    = hidDLL.NewProc("HidD_SetNumInputBuffers")
	hidGetCaps       = hidDLL.NewProc("HidP_GetCaps")
	hidGetValueCaps  = hidDLL.NewProc("HidP_GetValueCaps")
	hidGetButtonCaps = hidDLL.NewProc("HidP_GetButtonCaps")
	hidGetArray      = hidDLL.NewProc("HidP_GetUsageValueArray")
	hidGetValue      = hidDLL.NewProc("HidP_GetUsageValue")
	hidGetUsages     = hidDLL.NewProc("HidP_GetUsages")
	hidSetUsages     = hidDLL.NewProc("HidP_SetUsages")
	hidSetValue      = hidDLL.NewProc("HidP_SetUsageValue")
)

const (
	hidSuccess = 0x00110000 // HIDP_STATUS_SUCCESS

	hidInput  = 0 // HIDP_REPORT_TYPE
	hidOutput = 1
)

// attributes is HIDD_ATTRIBUTES.
type attributes struct {
	size                     uint32
	vendor, product, version uint16
}

// caps is HIDP_CAPS.
type caps struct {
	usage, page                     uint16
	inputLen, outputLen, featureLen uint16
	_                               [17]uint16
	_                               uint16 // link collections
	inputButtons, inputValues, _    uint16
	outputButtons, outputValues, _  uint16
	_, _, _                         uint16 // feature
}

// fieldCaps is HIDP_VALUE_CAPS, and HIDP_BUTTON_CAPS as far as it is used here: both have 72 bytes and begin and end alike.
type fieldCaps struct {
	page       uint16
	report     uint8
	alias      uint8
	_          uint16 // bit field
	link       uint16
	_, _       uint16 // link usage and its page
	isRange    uint8
	_, _, _    uint8
	_, _       uint8
	bits       uint16 // value caps only
	count      uint16 // value caps only
	_          [5]uint16
	_          [6]uint32
	usage      uint16
	usageMax   uint16 // of a range
	_, _, _, _ uint16
	_, _       uint16
}

// Windows fills these by size: a build that gets one wrong must not be made.
var (
	_ [72]byte = [unsafe.Sizeof(fieldCaps{})]byte{}
	_ [64]byte = [unsafe.Sizeof(caps{})]byte{}
)

// has reports whether the field, or range of fields, has this usage.
func (c *fieldCaps) has(page, usage uint16) bool {
	return c.page == page && (c.usage == usage || c.isRange != 0 && c.usage <= usage && usage <= c.usageMax)
}

// preparsed is PHIDP_PREPARSED_DATA, what the system knows of a device's reports.
type preparsed uintptr

func preparse(h windows.Handle) (preparsed, error) {
	var p preparsed
	if ok, _, err := hidGetPreparsed.Call(uintptr(h), uintptr(unsafe.Pointer(&p))); byte(ok) == 0 {
		return 0, fmt.Errorf("HidD_GetPreparsedData: %w", err)
	}
	return p, nil
}

func (p preparsed) free() { hidFreePreparsed.Call(uintptr(p)) }

func (p preparsed) caps() (caps, error) {
	var c caps
	if s, _, _ := hidGetCaps.Call(uintptr(p), uintptr(unsafe.Pointer(&c))); uint32(s) != hidSuccess {
		return c, fmt.Errorf("HidP_GetCaps: status %#x", uint32(s))
	}
	return c, nil
}

// fields lists n value or button caps.
func (p preparsed) fields(call *windows.LazyProc, report uintptr, n uint16) ([]fieldCaps, error) {
	if n == 0 {
		return nil, nil
	}
	out := make([]fieldCaps, n)
	if s, _, _ := call.Call(report, uintptr(unsafe.Pointer(&out[0])), uintptr(unsafe.Pointer(&n)), uintptr(p)); uint32(s) != hidSuccess {
		return nil, fmt.Errorf("%s: status %#x", call.Name, uint32(s))
	}
	return out[:min(int(n), len(out))], nil
}

// array reads all elements of a field of whole bytes.
func (p preparsed) array(c *fieldCaps, usage uint16, report []byte) ([]byte, bool) {
	out := make([]byte, int(c.bits)*int(c.count)/8)
	if len(out) == 0 {
		return nil, false
	}
	if c.count == 1 && c.bits <= 32 {
		n, ok := p.value(c, usage, report)
		for i := range out {
			out[i] = byte(n >> (8 * i))
		}
		return out, ok
	}
	s, _, _ := hidGetArray.Call(hidInput, uintptr(c.page), uintptr(c.link), uintptr(usage), uintptr(unsafe.Pointer(&out[0])), uintptr(len(out)), uintptr(p),
		uintptr(unsafe.Pointer(&report[0])), uintptr(len(report)))
	return out, uint32(s) == hidSuccess
}

func (p preparsed) value(c *fieldCaps, usage uint16, report []byte) (uint32, bool) {
	var n uint32
	s, _, _ := hidGetValue.Call(hidInput, uintptr(c.page), uintptr(c.link), uintptr(usage), uintptr(unsafe.Pointer(&n)), uintptr(p), uintptr(unsafe.Pointer(&report[0])), uintptr(len(report)))
	return n, uint32(s) == hidSuccess
}

// button reads a field of one bit.
func (p preparsed) button(c *fieldCaps, usage uint16, report []byte) (on, ok bool) {
	var list [64]uint16
	n := uint32(len(list))
	s, _, _ := hidGetUsages.Call(hidInput, uintptr(c.page), uintptr(c.link), uintptr(unsafe.Pointer(&list[0])), uintptr(unsafe.Pointer(&n)), uintptr(p),
		uintptr(unsafe.Pointer(&report[0])), uintptr(len(report)))
	for _, u := range list[:min(int(n), len(list))] {
		on = on || u == usage
	}
	return on, uint32(s) == hidSuccess
}

// set sets one field of an output report to one.
func (p preparsed) set(c *fieldCaps, button bool, usage uint16, report []byte) bool {
	r, size := uintptr(unsafe.Pointer(&report[0])), uintptr(len(report))
	if button {
		n := uint32(1)
		s, _, _ := hidSetUsages.Call(hidOutput, uintptr(c.page), uintptr(c.link), uintptr(unsafe.Pointer(&usage)), uintptr(unsafe.Pointer(&n)), uintptr(p), r, size)
		return uint32(s) == hidSuccess
	}
	s, _, _ := hidSetValue.Call(hidOutput, uintptr(c.page), uintptr(c.link), uintptr(usage), 1, uintptr(p), r, size)
	return uint32(s) == hidSuccess
}
