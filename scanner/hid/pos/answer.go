package pos

import "github.com/backdock/backdock/scanner/hid/descriptor"

// Beeps gives the output reports, id byte first, that make the device sound its good-read and its error beep. Nil where it describes none.
func Beeps(d descriptor.Descriptor) (good, bad []byte) {
	return output(d, usageGoodBeep), output(d, usageErrorBeep)
}

// output makes a report with one field set. The beeps are flags that act when a one comes; a zero, which all else gets, asks for nothing.
func output(d descriptor.Descriptor, u descriptor.Usage) []byte {
	for _, f := range d.Fields {
		if f.Kind == descriptor.Output && f.Usage == u && !f.Array {
			report := make([]byte, 1+d.Length(descriptor.Output, f.Report))
			report[0] = f.Report
			f.SetNumber(report[1:], 1)
			return report
		}
	}
	return nil
}
