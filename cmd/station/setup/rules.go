package setup

import (
	"fmt"
	"strings"

	"github.com/backdock/backdock/scanner/maker"
)

// mark begins every file that belongs to us.
const mark = "# Written by station install; the next one writes it anew. Remove with: station install --uninstall\n"

// rules renders the udev rules. The number in the file's name puts them behind 60-serial.rules, which finds out about the device, and before ModemManager's
// (77 and 80), which heed ID_MM_*.
func rules(group string) string {
	var b strings.Builder
	b.WriteString(mark)
	fmt.Fprintf(&b, "# Vendor ids: usb.ids (linux-usb.org). $id is the socket, as in /dev/backdock/usb-1-2.3-if00.\n\nACTION==\"remove\", GOTO=\"backdock_end\"\n")
	for _, m := range maker.All() {
		if m.Scanner {
			fmt.Fprintf(&b, "\n# %s (%s)\n%s", m.Name, m.Registered, scannerRules(m.VID, group))
		}
	}
	b.WriteString("\n# Converters: an RS-232 scanner may hang on them, or something else; ModemManager looks at them only when it is asked to.\n")
	for _, m := range maker.All() {
		if !m.Scanner {
			fmt.Fprintf(&b, "# %s (%s)\n%s", m.Name, m.Registered, portRule(m.VID, group, `ENV{ID_MM_TTY_MANUAL_SCAN_ONLY}="1"`))
		}
	}
	b.WriteString("\nLABEL=\"backdock_end\"\n")
	return b.String()
}

// scannerRules are for all that a scanner may show itself as: ModemManager reads its tag from the USB device or from the port, by version.
func scannerRules(vid, group string) string {
	access := fmt.Sprintf(`GROUP=%q, MODE="0660"`, group)
	return fmt.Sprintf("SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", ATTR{idVendor}==%q, ENV{ID_MM_DEVICE_IGNORE}=\"1\"\n", vid) +
		portRule(vid, group, `ENV{ID_MM_DEVICE_IGNORE}="1", ENV{ID_MM_PORT_IGNORE}="1"`) +
		fmt.Sprintf("SUBSYSTEM==\"hidraw\", ATTRS{idVendor}==%q, %s\n", vid, access) +
		fmt.Sprintf("SUBSYSTEM==\"input\", KERNEL==\"event*\", ATTRS{idVendor}==%q, %s\n", vid, access)
}

func portRule(vid, group, modem string) string {
	return fmt.Sprintf("SUBSYSTEM==\"tty\", ATTRS{idVendor}==%q, %s, GROUP=%q, MODE=\"0660\", SYMLINK+=\"backdock/usb-$id-if$env{ID_USB_INTERFACE_NUM}\"\n", vid, modem, group)
}
