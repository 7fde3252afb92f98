package keyboard

// Event types and codes of linux/input-event-codes.h.
const (
	evSyn = 0x00
	evKey = 0x01

	synReport  = 0
	synDropped = 3

	released = 0
	pressed  = 1 // 2 is the kernel's own repeat of a key that is held
)

// Key codes of linux/input-event-codes.h, named after the US keyboard.
const (
	keyEsc        = 1
	key1          = 2
	key2          = 3
	key7          = 8
	keyEqual      = 13
	keyBackspace  = 14
	keyTab        = 15
	keyQ          = 16
	keyLeftBrace  = 26
	keyEnter      = 28
	keyLeftCtrl   = 29
	keyA          = 30
	keyGrave      = 41
	keyLeftShift  = 42
	keyBackslash  = 43
	keyZ          = 44
	keyRightShift = 54
	keyKPAsterisk = 55
	keyLeftAlt    = 56
	keySpace      = 57
	keyCapsLock   = 58
	keyNumLock    = 69
	keyScrollLock = 70
	keyKP7        = 71
	keyKPMinus    = 74
	keyKPPlus     = 78
	keyKP0        = 82
	keyKPDot      = 83
	key102nd      = 86 // beside the left shift; US keyboards have none
	keyKPEnter    = 96
	keyRightCtrl  = 97
	keyKPSlash    = 98
	keyRightAlt   = 100
)

// keypad holds the characters of the numeric keypad, from KEY_KP7 on. Num Lock counts as on: scanners that type digits there mean digits.
const keypad = "789-456+1230"

// keypadDigit gives the digit of a keypad key.
func keypadDigit(code uint16) (byte, bool) {
	if code < keyKP7 || code > keyKP0 {
		return 0, false
	}
	c := keypad[code-keyKP7]
	return c, c >= '0' && c <= '9'
}

// rows are the keys that carry characters, in the order in which a layout writes them.
var rows = [4][]uint16{
	append([]uint16{keyGrave}, keysFrom(key1, 12)...),
	keysFrom(keyQ, 12),
	append(keysFrom(keyA, 11), keyBackslash),
	append([]uint16{key102nd}, keysFrom(keyZ, 10)...),
}

func keysFrom(first uint16, n int) []uint16 {
	out := make([]uint16, n)
	for i := range out {
		out[i] = first + uint16(i)
	}
	return out
}
