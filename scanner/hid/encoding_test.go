package hid

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid/hidtest"
	"github.com/backdock/backdock/scanner/hid/keyboard"
	"github.com/backdock/backdock/scanner/hid/pos"
)

func TestNewDecoder(t *testing.T) {
	t.Parallel()
	p := frame.Default()
	p.KeepFirst = true
	s := keyboard.Default()
	s.Layout = "de"
	v := hidtest.New(t, hidtest.Usual)
	for name, tc := range map[string]struct {
		as    scanner.Encoding
		bytes []byte
		want  string
	}{
		"keyboard": {keyboardEncoding(s), hidtest.Typing().Tap(44).Enter().B, "y"},
		"pos":      {posEncoding(hidtest.Usual, pos.DefaultPause), v.Report("690", "]E0", false), "690"},
	} {
		d, err := NewDecoder(tc.as, p, 0)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := d.Write(tc.bytes, 0); len(got) != 1 || string(got[0].Data) != tc.want {
			t.Errorf("%s gave %+v", name, got)
		}
	}
	for as, want := range map[scanner.Encoding]string{
		"morse":                       "later version",
		"evdev?layout=xx":             "layout=",
		"evdev?%":                     "encoding",
		"hidpos":                      "no application",
		"hidpos?descriptor=zz":        "hexadecimal",
		posEncoding(hidtest.Usual, 0): "pause=",
		"hidpos?descriptor=05":        "cut off",
		scanner.Encoding("hidpos?descriptor=" + hex.EncodeToString([]byte("\x05\x01\x09\x06\xa1\x01\xc0"))): "8C:FE",
	} {
		if d, err := NewDecoder(as, p, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %v, %v", as, d, err)
		}
	}
}
