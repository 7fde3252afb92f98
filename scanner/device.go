package scanner

import (
	"context"
	"io"
	"time"
)

// DeviceState is how a scanner is doing, as shown on the station page and the dashboard.
type DeviceState string

const (
	DeviceConnected  DeviceState = "connected"
	DeviceConnecting DeviceState = "connecting"
	DeviceGone       DeviceState = "gone"  // unplugged or not yet there; the agent keeps trying
	DeviceFault      DeviceState = "fault" // there, but cannot be used (permission, busy): Detail says why
)

// DeviceKind tells what a device is for.
type DeviceKind string

const (
	KindScanner DeviceKind = "" // as protocol version 1 knew nothing else
	KindScale   DeviceKind = "scale"
	KindPrinter DeviceKind = "printer"
)

// DeviceCode is why a device cannot be used now. Each has its texts in web/src/i18n and in cmd/station/doctor.
type DeviceCode string

const (
	DeviceSought    DeviceCode = "device_sought"     // not found yet since the start
	DeviceAway      DeviceCode = "device_gone"       // it was here: unplugged or switched off
	DeviceTwins     DeviceCode = "scanner_ambiguous" // two devices fit the URL
	DevicePort      DeviceCode = "port_denied"       // no permission for a serial port
	DeviceDenied    DeviceCode = "device_denied"     // no permission for another device
	DevicePortBusy  DeviceCode = "port_busy"         // another program has the port, such as ModemManager
	DeviceBusy      DeviceCode = "device_busy"       // another program has the device to itself
	DevicePortMode  DeviceCode = "port_mode"         // the port does not take its line settings
	DeviceKeyHeld   DeviceCode = "key_held"          // a keyboard can be taken when no key is down
	DeviceNoKeys    DeviceCode = "no_keyboard"       // what the URL calls a keyboard is none
	DeviceNoPOS     DeviceCode = "no_pos"            // what the URL calls a HID POS scanner is none
	DeviceEnable    DeviceCode = "enable_refused"    // the scanner refuses the feature report of enable=
	DeviceFailed    DeviceCode = "device_failed"     // anything else, in the system's own words
	DeviceWarmingUp DeviceCode = "scale_busy"        // the scale is not ready
	DeviceGarbled   DeviceCode = "scale_garbled"     // what the scale sends cannot be read
	DeviceOverload  DeviceCode = "scale_overload"    // more on the scale than it weighs
)

// Device is a scanner, scale or printer of a station.
type Device struct {
	Kind     DeviceKind  `json:"kind,omitempty"`
	Name     string      `json:"name"`
	URL      string      `json:"url"`
	State    DeviceState `json:"state"`
	Detail   string      `json:"detail,omitempty"` // one sentence in English, empty when connected
	Code     DeviceCode  `json:"code,omitempty"`   // what Detail says, for a text in the reader's language; empty when connected, and of printers, which have states of their own
	About    string      `json:"about,omitempty"`  // what Code is about: a device file, the URLs that tell twins apart, the system's own words
	Since    time.Time   `json:"since"`
	LastScan time.Time   `json:"last_scan,omitzero"`
	Scans    uint64      `json:"scans"` // since the agent started
}

// Driver opens a scanner. A driver does nothing else: framing, journalling and supervision are the agent's.
// Open blocks until the device is there or ctx ends; it returns a stream of the device's bytes.
// Reading the stream blocks; Close unblocks it. Writing sends feedback bytes to the scanner (beeps, ACK) where the device can take them.
type Driver interface {
	Open(ctx context.Context) (io.ReadWriteCloser, error)
}

// Encoding says what the bytes of a stream are where they are no text: a name and all the parameters that are needed to read them, such as
// "evdev?layout=us&event=24". It is written into captures, so that they can be read again anywhere.
type Encoding string

// Encoded is asked of a driver's stream. One that does not have it carries text. How its bytes are cut into reads may matter: one read, one report.
type Encoded interface{ Encoding() Encoding }

// Answering is asked of a driver's stream whose device has its own way to be told whether a scan is safe: bytes to write, nil where it cannot.
type Answering interface{ Answers() (good, bad []byte) }
