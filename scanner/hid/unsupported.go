//go:build !linux && !windows

package hid

import (
	"context"
	"errors"
)

const eventSize = 24

var errSerial = errors.New("HID scanners are not supported on this system: set the scanner to USB-COM (serial port emulation) with the code in its manual, and use a serial: URL")

func canKeyboard() error { return errSerial }
func canPOS() error      { return errSerial }

func (k *Keyboard) try(context.Context, string) (guarded, error) { return nil, errSerial }
func (p *POS) try(context.Context, string) (guarded, error)      { return nil, errSerial }

func (t Target) findPOS() (string, error) { return "", errSerial }
