package hid

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/hid/keyboard"
)

// Of linux/input.h and linux/input-event-codes.h.
const (
	eventSize = int(unsafe.Sizeof(unix.Timeval{})) + 8 // struct input_event

	evLED    = 0x11
	ledCapsL = 1
	keyBytes = 0x2ff/8 + 1 // of a bitmap of all keys

	// heldPause and heldPatience are for a key that is held when the keyboard is to be taken.
	heldPause    = 20 * time.Millisecond
	heldPatience = 5 * time.Second
)

var (
	eviocGrab = ioc(iocWrite, 4, 'E', 0x90)
	eviocKeys = ioc(iocRead, keyBytes, 'E', 0x18)   // held now
	eviocHas  = ioc(iocRead, keyBytes, 'E', 0x20+1) // of the type EV_KEY
)

// keys is an open keyboard.
type keys struct {
	*device
	keyboard.Settings
}

func (k *Keyboard) try(ctx context.Context, path string) (guarded, error) {
	d, err := openDevice(path)
	if err != nil {
		return nil, err
	}
	s := &keys{d, k.Settings}
	if err := s.take(ctx, path); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return s, nil
}

// take makes the keyboard the station's alone.
func (s *keys) take(ctx context.Context, path string) error {
	var has [keyBytes]byte
	if err := s.ioctl(eviocHas, has[:]); err != nil {
		return fault.New(fault.Invalid, codeNoKeys, "%s: this is no input device: %w", path, err).With("about", path)
	}
	if low := binary.LittleEndian.Uint32(has[:]); low&typingKeys != typingKeys {
		return fault.New(fault.Invalid, codeNoKeys, "%s: this input device has not the keys of a keyboard; station devices lists those that have", path).With("about", path)
	}
	for patience := heldPatience; ; patience -= heldPause {
		free, err := s.grab(path)
		if free || err != nil {
			if err == nil {
				s.capsLamp()
			}
			return err
		}
		if patience <= 0 {
			return fault.New(fault.Conflict, codeHeld, "%s: a key is held down on this keyboard; let go of it, or scan anything with it", path).With("about", path)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(heldPause):
		}
	}
}

// grab takes the keyboard if no key is held. Otherwise whoever saw the key go down would never see it come up.
func (s *keys) grab(path string) (free bool, err error) {
	if held, err := s.held(); held || err != nil {
		return false, err
	}
	err = s.setGrab(1)
	if errors.Is(err, unix.EBUSY) {
		return false, fault.New(fault.Conflict, CodeBusy, "%s: another program has this keyboard to itself: another station agent, or a tool that remaps keys; stop it: %w", path, err).With("about", path)
	}
	if err != nil {
		return false, fmt.Errorf("take the keyboard %s: %w", path, err)
	}
	// A key may have gone down in between.
	if held, err := s.held(); held || err != nil {
		return false, errors.Join(err, s.setGrab(0))
	}
	return true, nil
}

func (s *keys) held() (bool, error) {
	var down [keyBytes]byte
	if err := s.ioctl(eviocKeys, down[:]); err != nil {
		return false, fmt.Errorf("ask for held keys: %w", err)
	}
	return down != [keyBytes]byte{}, nil
}

func (s *keys) setGrab(on int) error {
	var err error
	if e := s.raw.Control(func(fd uintptr) { err = unix.IoctlSetInt(int(fd), eviocGrab, on) }); e != nil {
		return e
	}
	return err
}

// capsLamp shows the scanner the state of Caps Lock that its keys are read with: some look at it and swap the case. One without the lamp does not.
func (s *keys) capsLamp() {
	b := make([]byte, 2*eventSize) // the second is SYN_REPORT, all zero
	binary.LittleEndian.PutUint16(b[eventSize-8:], evLED)
	binary.LittleEndian.PutUint16(b[eventSize-6:], ledCapsL)
	if s.Caps {
		binary.LittleEndian.PutUint32(b[eventSize-4:], 1)
	}
	_, _ = s.file.Write(b)
}

// Encoding says what Read gives.
func (s *keys) Encoding() scanner.Encoding { return keyboardEncoding(s.Settings) }

// Read gives whole input events. io.EOF means that the device is gone, os.ErrClosed that Close was called.
func (s *keys) Read(p []byte) (int, error) {
	n, err := s.file.Read(p)
	if err != nil {
		return s.ended(p, err)
	}
	return n, nil
}

// Write takes no feedback: a keyboard has no way to be told.
func (s *keys) Write([]byte) (int, error) {
	return 0, fmt.Errorf("%s is a keyboard: %w", s.file.Name(), errors.ErrUnsupported)
}
