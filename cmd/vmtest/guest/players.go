//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/backdock/backdock/cmd/vmtest/ledger"
)

// Kinds, as the table names them.
const (
	kindKeys    = "keyboard (evdev)"
	kindPOS     = "HID POS (hidraw)"
	kindACM     = "USB-COM (ttyACM)"
	kindAdapter = "USB serial (ttyUSB)"
)

// players are all scanners: of each kind one that waits for its answer, where the kind can be told, and those that do not. The shares are such that all are
// busy for about as long.
func players(seed uint64) ([]*gun, error) {
	var out []*gun
	add := func(s gun, name, kind, url string, long int) {
		s.Scanner = ledger.Scanner{Name: name, Kind: kind}
		s.url = url
		s.codes = codes{Rand: rand.New(rand.NewPCG(seed, uint64(len(out)+1))), device: name, long: long}
		out = append(out, &s)
	}
	hidURL := func(scheme string, pid int, name string) string {
		return fmt.Sprintf("%s://?vid=%04x&pid=%04x&sn=%s", scheme, vid, pid, name)
	}
	for i := range 5 {
		name := fmt.Sprintf("keys%d", i+1)
		add(gun{player: newKeyboard(name), share: 5, burst: 20, gap: 20 * time.Millisecond, rest: 200 * time.Millisecond}, name, kindKeys, hidURL("evdev", pidKeys, name), 40)
	}
	const short, pause = 12 * time.Millisecond, 1500 * time.Millisecond
	for i, a := range []answers{make(answers, 16), nil} {
		name := fmt.Sprintf("pos%d", i+1)
		s := gun{player: newPOS(name, a), answers: a, share: 13, burst: 20, gap: short, rest: pause}
		if a == nil {
			s.share, s.burst, s.gap = 18, 150, 4*time.Millisecond // more than the kernel keeps for an agent that is stopped for a third of a second
		}
		add(s, name, kindPOS, hidURL("hidpos", pidPOS, name), 300)
	}
	for i, a := range []answers{make(answers, 16), nil} {
		name := fmt.Sprintf("acm%d", i+1)
		p, err := newACM(name, i, a)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s := gun{player: p, answers: a, share: 13, burst: 20, gap: short, rest: pause}
		if a == nil {
			s.share, s.burst = 18, 60
		}
		add(s, name, kindACM, hidURL("serial", pidACM, name)+"&beep=acknak", 600)
	}
	a := make(answers, 16)
	p, err := newAdapter("ftdi1", a)
	if err != nil {
		return nil, err
	}
	add(gun{player: p, answers: a, burst: 20, gap: short, rest: pause}, "ftdi1", kindAdapter, "serial://?vid=0403&pid=6001&sn=ftdi1&baud=115200&beep=acknak", 600)
	return out, nil
}
