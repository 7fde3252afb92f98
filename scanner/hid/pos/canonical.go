package pos

// Canonical describes the reports that Repack makes. Where the system takes reports apart itself and hides the device's own descriptor (Windows), the reader
// puts the parts together again in this form, and all that follows, captures too, is as everywhere.
var Canonical = []byte{
	0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01, // bar code scanner
	0x09, 0x12, 0xA1, 0x02, 0x85, canonicalID, // scanned data report
	0x75, 0x08, 0x05, 0x01, 0x09, 0x3B, 0x95, 0x01, 0x81, 0x02, // length
	0x05, 0x8C, 0x09, 0xFB, 0x09, 0xFC, 0x09, 0xFD, 0x95, 0x03, 0x81, 0x02, // symbology
	0x09, 0xFE, 0x95, canonicalData, 0x82, 0x02, 0x01, // data
	0x09, 0xFF, 0x75, 0x01, 0x95, 0x01, 0x81, 0x02, 0x75, 0x07, 0x81, 0x01, // continued
	0xC0, 0xC0,
}

const (
	canonicalID   = 1
	canonicalData = 250
)

// Repack writes what one report of a device said as reports of Canonical.
func Repack(data []byte, symbology [3]byte, continued bool) [][]byte {
	var out [][]byte
	for first := true; first || len(data) > 0; first = false {
		n := min(len(data), canonicalData)
		r := make([]byte, 1+1+3+canonicalData+1)
		r[0], r[1] = canonicalID, byte(n)
		copy(r[2:], symbology[:])
		copy(r[5:], data[:n])
		data = data[n:]
		if continued || len(data) > 0 {
			r[len(r)-1] = 1
		}
		out = append(out, r)
	}
	return out
}
