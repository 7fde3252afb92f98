package maker

import (
	"regexp"
	"testing"
)

func TestTable(t *testing.T) {
	t.Parallel()
	hex := regexp.MustCompile(`^[0-9a-f]{4}$`)
	seen := map[string]bool{}
	converters := false
	for _, m := range All() {
		if !hex.MatchString(m.VID) || m.Name == "" || m.Registered == "" || seen[m.VID] {
			t.Errorf("%+v", m)
		}
		if m.Scanner && (converters || m.USBCOM == "") {
			t.Errorf("%+v is out of place, or does not say how it becomes a COM port", m)
		}
		converters = converters || !m.Scanner
		seen[m.VID] = true
	}
	for vid, name := range map[string]string{"05E0": "Zebra", "0c2e": "Honeywell", "05f9": "Datalogic", "1eab": "Newland", "0403": "FTDI", "1a86": "QinHeng CH340", "10c4": "Silicon Labs CP210x", "067b": "Prolific PL2303"} {
		if m, ok := Of(vid); !ok || m.Name != name {
			t.Errorf("%s is %+v", vid, m)
		}
	}
	if m, ok := Of("ffff"); ok {
		t.Errorf("ffff is %+v", m)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"05e0", "05e0\tZebra\tprinter\tSymbol\t", "05e0\tZebra\tscanner"} {
		if m, err := parse(bad); err == nil {
			t.Errorf("%q gave %+v", bad, m)
		}
	}
}
