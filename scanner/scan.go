package scanner

import "time"

// Source says what made a scan: a device, or a person at the station page.
type Source string

const (
	FromDevice Source = "device" // a barcode scanner
	FromTyped  Source = "typed"  // F1, typed by hand
	FromKey    Source = "key"    // a function key or button that stands for a control barcode
)

// Flag is something the station noticed; the desk decides what it means. A flagged scan is journalled and sent like any other.
type Flag string

const (
	DoubleRead         Flag = "double_read"          // same code, same device, within the window, nothing between
	RepeatAfterRestart Flag = "repeat_after_restart" // first scan of a device after an agent start repeats the last journalled one
	Damaged            Flag = "damaged"              // bytes were lost on the way: never acted upon
	IdleFraming        Flag = "idle"                 // ended by silence, not by a terminator
	Overflow           Flag = "overflow"             // longer than the frame cap; Raw is cut
	NotText            Flag = "not_text"             // neither UTF-8 nor GB18030, or holds NUL; Data is a printable rendering
)

// Scan is one decoded barcode as a station recorded it. (Producer, Seq) names it for ever.
type Scan struct {
	Seq        uint64    `json:"seq"`                 // counts from 1 without gaps within a producer
	Device     string    `json:"device"`              // the station's name for the scanner
	Source     Source    `json:"source"`              //
	CapturedAt time.Time `json:"captured_at"`         // wall clock of the station, UTC, µs
	MonoMicros int64     `json:"mono_us"`             // monotonic µs since the agent started; only differences mean anything
	Raw        []byte    `json:"raw"`                 // the frame's bytes without terminator, base64 in JSON
	Data       string    `json:"data"`                // the text, AIM prefix and ECI prefix stripped
	Charset    string    `json:"charset"`             // utf-8, gb18030 or binary
	Symbology  string    `json:"symbology,omitempty"` // AIM identifier such as "]E0"; empty when the scanner sends none
	Flags      []Flag    `json:"flags,omitempty"`
	Plate      string    `json:"plate,omitempty"` // license plate reserved for the piece at capture; void if no unit is booked

	// What stood on the bench's scale, or had just been taken off, when a code was read that may be a box's. 0: no scale, or nothing on it.
	WeightGrams  int64 `json:"weight_grams,omitempty"`
	WeightStable bool  `json:"weight_stable,omitempty"` // it had come to rest; only such a weight is judged
}

// Has reports whether the scan carries the flag.
func (s Scan) Has(f Flag) bool {
	for _, g := range s.Flags {
		if g == f {
			return true
		}
	}
	return false
}
