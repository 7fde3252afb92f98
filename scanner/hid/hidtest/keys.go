package hidtest

import "encoding/binary"

// Keys writes input events as the kernel would.
type Keys struct {
	B    []byte
	Size int // bytes of an event: 24, or 16
}

// Typing begins on a 64-bit machine.
func Typing() *Keys { return &Keys{Size: 24} }

// Event writes one event.
func (k *Keys) Event(kind, code uint16, value int32) *Keys {
	e := make([]byte, k.Size)
	for i := range k.Size - 8 {
		e[i] = 0xa5 // a time: it must not matter
	}
	binary.LittleEndian.PutUint16(e[k.Size-8:], kind)
	binary.LittleEndian.PutUint16(e[k.Size-6:], code)
	binary.LittleEndian.PutUint32(e[k.Size-4:], uint32(value))
	k.B = append(k.B, e...)
	return k
}

// Syn ends what happened at one moment.
func (k *Keys) Syn() *Keys { return k.Event(0, 0, 0) }

// Down presses a key, with the scan code that the kernel puts before it.
func (k *Keys) Down(code uint16) *Keys {
	return k.Event(4, 4, int32(code)).Event(1, code, 1).Syn()
}

// Up lets it go.
func (k *Keys) Up(code uint16) *Keys {
	return k.Event(4, 4, int32(code)).Event(1, code, 0).Syn()
}

// Tap presses keys one after the other.
func (k *Keys) Tap(codes ...uint16) *Keys {
	for _, c := range codes {
		k.Down(c).Up(c)
	}
	return k
}

// With types keys while another is held.
func (k *Keys) With(held uint16, codes ...uint16) *Keys {
	return k.Down(held).Tap(codes...).Up(held)
}

// Dropped says that the kernel lost events.
func (k *Keys) Dropped() *Keys { return k.Event(0, 3, 0) }

var padKeys = map[rune]uint16{'7': 71, '8': 72, '9': 73, '-': 74, '4': 75, '5': 76, '6': 77, '+': 78, '1': 79, '2': 80, '3': 81, '0': 82}

var digitKeys = map[rune]uint16{'1': 2, '2': 3, '3': 4, '4': 5, '5': 6, '6': 7, '7': 8, '8': 9, '9': 10, '0': 11}

// Digits types a number on the top row, as on a US keyboard.
func (k *Keys) Digits(s string) *Keys {
	for _, c := range s {
		k.Tap(digitKeys[c])
	}
	return k
}

// Pad types a number on the keypad.
func (k *Keys) Pad(s string) *Keys {
	for _, c := range s {
		k.Tap(padKeys[c])
	}
	return k
}

// Enter ends a code.
func (k *Keys) Enter() *Keys { return k.Tap(28) }
