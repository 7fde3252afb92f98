package doctor

import (
	"testing"

	"github.com/backdock/backdock/scanner/agent"
)

func TestKeyboards(t *testing.T) {
	datalogic := Keyboard{VID: "05f9", PID: "2206", Name: "Gryphon", USB: "1-2"}
	evdev := func(url string) []Scanner { return []Scanner{{Scanner: agent.Scanner{URL: url}}} }
	judge(t, keyboards, []judged{
		{"a keyboard", Facts{Keyboards: []Keyboard{{VID: "046d", PID: "c31c", Name: "Keyboard"}}}, ""},
		{"a scanner that types", Facts{Keyboards: []Keyboard{datalogic}}, "WRONG scanner_keyboard device=Datalogic Gryphon setup=USB-COM (USB-COM-STD)"},
		{"taken as a keyboard", Facts{Keyboards: []Keyboard{datalogic}, Scanners: evdev("evdev://?vid=05f9&pid=2206")}, ""},
		{"taken by its file", Facts{Keyboards: []Keyboard{datalogic}, Scanners: evdev("evdev:///dev/input/event3")}, ""},
		{"another one is taken", Facts{Keyboards: []Keyboard{datalogic}, Scanners: evdev("evdev://?vid=05e0")}, "WRONG scanner_keyboard device=Datalogic Gryphon setup=USB-COM (USB-COM-STD)"},
	})
}
