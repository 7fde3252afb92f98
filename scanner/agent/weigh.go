package agent

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
	"github.com/backdock/backdock/scanner/scale"
)

// weigher holds what the bench's scale says.
type weigher struct {
	mu     sync.Mutex
	window scale.Window
	told   time.Duration // when the scale last said anything that is a weight
}

// shownEvery bounds how often the page hears of a weight that moves.
const shownEvery = 300 * time.Millisecond

// weigh keeps the scale open for as long as ctx lasts.
func (a *Agent) weigh(ctx context.Context) {
	s := a.Scale
	a.keep(ctx, a.scaleName, func() (io.Closer, func() error, error) {
		stream, err := s.Driver.Open(ctx)
		return stream, func() error {
			err := s.Listen(ctx, stream, a.weighed)
			a.weigher.mu.Lock()
			a.weigher.window.Lost()
			a.weigher.mu.Unlock()
			a.showWeight(nil)
			return err
		}, err
	})
}

// weighed takes one line of the scale.
func (a *Agent) weighed(r scale.Reading, err error) {
	now := mono()
	w := &a.weigher
	w.mu.Lock()
	if err == nil {
		w.window.Add(r, now)
		w.told = now
	}
	p, ok := w.window.Peek(now)
	silent := now - w.told
	w.mu.Unlock()
	switch {
	case errors.Is(err, scale.ErrBusy):
		a.setDevice(a.scaleName, scanner.DeviceFault, trouble{code: scanner.DeviceWarmingUp, detail: "the scale is not ready: let it warm up, or leave its menu"})
	case err != nil && silent > a.Scale.Window.Stale:
		// The page, and so the fault, must name the usual cause; single garbled lines are passed over.
		a.setDevice(a.scaleName, scanner.DeviceFault, trouble{code: scanner.DeviceGarbled, detail: "what the scale sends cannot be read: check protocol and baud in its URL"})
	case r.Over:
		a.setDevice(a.scaleName, scanner.DeviceFault, trouble{code: scanner.DeviceOverload, detail: "overload: take the box off"})
	case err == nil:
		a.setDevice(a.scaleName, scanner.DeviceConnected, trouble{})
	}
	if ok {
		a.showWeight(&p)
	} else {
		a.showWeight(nil)
	}
}

// showWeight tells the page what stands on the scale: at once when it came to rest or is gone, now and then while it moves.
func (a *Agent) showWeight(p *scale.Weight) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before, now := a.weight, mono()
	same := before == nil && p == nil || before != nil && p != nil && *before == *p
	if same || p != nil && !p.Stable && before != nil && !before.Stable && now-a.weightShown < shownEvery {
		return
	}
	a.weight, a.weightShown = p, now
	a.publish(message{Op: "weight", Weight: p})
}

// putWeight adds the weight to a scan that may be a box's.
func (a *Agent) putWeight(s *scanner.Scan, r barcode.Reading, at time.Duration) {
	if a.Scale == nil || !weighs(*s, r) {
		return
	}
	a.weigher.mu.Lock()
	defer a.weigher.mu.Unlock()
	if w, ok := a.weigher.window.Take(at); ok {
		s.WeightGrams, s.WeightStable = w.Grams, w.Stable
	}
}

// weighs decides whether a code may name a box: a waybill, a case or order number, or a control that stands for one.
func weighs(s scanner.Scan, r barcode.Reading) bool {
	if !usable(s) {
		return false
	}
	if verb, _, ok := scanner.Control(s.Data); ok {
		return verb == scanner.Empty || verb == scanner.NoLabel || verb == scanner.UnknownOwner
	}
	if _, ok := scanner.PlateNumber(s.Data); ok {
		return false
	}
	return len(r.Waybills) > 0 || r.GTIN == "" && r.IMEI == "" && r.SSCC == ""
}
