package hidtest

import "testing"

// Usages from the HID usage tables 1.4, page 7, looked up by hand.
func TestStroke(t *testing.T) {
	t.Parallel()
	for c, want := range map[byte][2]byte{'1': {0, 0x1E}, '9': {0, 0x26}, '0': {0, 0x27}, 'a': {0, 0x04}, 'z': {0, 0x1D}, 'A': {2, 0x04}, '!': {2, 0x1E}, ')': {2, 0x27}, ' ': {0, 0x2C},
		'-': {0, 0x2D}, '_': {2, 0x2D}, '=': {0, 0x2E}, '+': {2, 0x2E}, ']': {0, 0x30}, ';': {0, 0x33}, ':': {2, 0x33}, '`': {0, 0x35}, ',': {0, 0x36}, '.': {0, 0x37}, '/': {0, 0x38},
		'?': {2, 0x38}, 0x1D: {1, 0x30}, '\r': {0, 0x28}} {
		if m, u, ok := Stroke(c); !ok || [2]byte{m, u} != want {
			t.Errorf("%q is typed by %x %x %v, want %x", c, m, u, ok, want)
		}
	}
	for _, c := range []byte{0, 1, 0x80, 0xff} {
		if m, u, ok := Stroke(c); ok {
			t.Errorf("%q is typed by %x %x", c, m, u)
		}
	}
}
