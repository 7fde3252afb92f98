package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner/wire"
)

// work answers one message after the other, and between them stores what is known of the station.
func (l *line) work(ctx context.Context) {
	if !l.greet(ctx) {
		return
	}
	beat := time.NewTicker(devicesEvery)
	defer beat.Stop()
	quiet := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.sk.closing:
			return
		case m := <-l.in:
			if !l.take(ctx, m) {
				return
			}
		case <-l.viewDue:
			l.pushView(ctx)
		case <-beat.C:
			if quiet++; l.devices != "" || quiet*int(devicesEvery) >= int(seenEvery) {
				l.seen(ctx)
				quiet = 0
			}
		}
	}
}

// greet takes the hello, answers it and sends the outcomes that the station lacks.
func (l *line) greet(ctx context.Context) bool {
	var m wire.FromStation
	select {
	case <-ctx.Done():
		return false
	case <-l.sk.closing:
		return false
	case m = <-l.in:
	}
	if m.Op != wire.OpHello {
		l.fail(wire.ErrNotHello, "the first message is hello", 0)
		return false
	}
	version, ok := wire.Agree(m.Versions)
	if !ok {
		l.fail(wire.ErrVersion, fmt.Sprintf("this server speaks protocol versions %d to %d: update the station program", wire.Oldest, wire.Version), 0)
		return false
	}
	now := l.s.clock.Now()
	l.offsetMS = since(m.Clock, now)
	call, cancel := verb(ctx)
	defer cancel()
	welcome, err := l.s.d.Desk.Hello(call, l.who.ID, m)
	if err != nil {
		return l.refused(err)
	}
	l.producer, l.last = m.Producer, welcome.LastSeq
	if err := l.s.auth.StationOnline(call, l.who.ID, l.conn, m.Agent, encodeDevices(m.Devices)); err != nil {
		return l.refused(err)
	}
	welcome.Op, welcome.Version, welcome.ServerTime, welcome.Station = wire.OpWelcome, version, now, l.who.Name
	if welcome.View != nil {
		l.view.Store(welcome.View.Version)
	}
	return l.say(welcome) && l.resend(ctx, m.OutcomeSeq)
}

// resend sends stored outcomes after a cursor, page by page at the station's pace.
func (l *line) resend(ctx context.Context, after uint64) bool {
	for after < l.last {
		call, cancel := verb(ctx)
		page, err := l.s.d.Desk.Stored(call, l.producer, after, storedPage)
		cancel()
		if err != nil {
			return l.refused(err)
		}
		if len(page) == 0 {
			return true
		}
		if !l.sayWait(wire.FromServer{Op: wire.OpOutcomes, Outcomes: page, LastSeq: l.last}) {
			return false
		}
		after = page[len(page)-1].Seq
	}
	return true
}

// take answers one message, and with it the scans of those that wait behind it.
func (l *line) take(ctx context.Context, m wire.FromStation) bool {
	switch m.Op {
	case wire.OpScans:
		l.pending = append(l.pending, m.Scans...)
		return l.drain(ctx)
	case wire.OpLease:
		call, cancel := verb(ctx)
		defer cancel()
		block, err := l.s.d.Desk.Lease(call, l.who.ID, m.Count)
		if err != nil {
			return l.refused(err)
		}
		return l.say(wire.FromServer{Op: wire.OpPlates, Blocks: []wire.Block{block}, LastSeq: l.last})
	case wire.OpDevices:
		l.devices = encodeDevices(m.Devices) // stored at the next beat: scanners that come and go must not become writes
		return true
	}
	l.fail(wire.ErrMalformed, "hello comes once", 0)
	return false
}

// drain accepts all pending scans, batch by batch, filling each from the messages that have arrived meanwhile.
func (l *line) drain(ctx context.Context) bool {
	for len(l.pending) > 0 {
		var other *wire.FromStation
		for len(l.pending) < batch && other == nil {
			select {
			case m := <-l.in:
				if m.Op == wire.OpScans {
					l.pending = append(l.pending, m.Scans...)
				} else {
					other = &m
				}
				continue
			default:
			}
			break
		}
		if !l.accept(ctx) || ctx.Err() != nil {
			return false
		}
		if other != nil && !l.take(ctx, *other) {
			return false
		}
	}
	return true
}

// accept gives the desk the next batch: scans that follow one another. Scans after a gap are refused once and passed over until the missing one comes.
func (l *line) accept(ctx context.Context) bool {
	if first := l.pending[0].Seq; first > l.last+1 {
		l.pending = l.pending[1:]
		if l.gap {
			return true
		}
		l.gap = true
		return l.say(wire.FromServer{Op: wire.OpError, Code: wire.ErrSeqGap, Message: "a scan is missing: send again from last_seq+1", LastSeq: l.last})
	}
	l.gap = false
	n := 1
	for n < min(batch, len(l.pending)) && l.pending[n].Seq == l.pending[n-1].Seq+1 && l.pending[n].Seq != l.last+1 { // replays and new scans apart
		n++
	}
	scans := l.pending[:n]
	start := clock.Mono()
	call, cancel := verb(ctx)
	defer cancel()
	answer, err := l.s.d.Desk.Accept(call, l.who.ID, l.producer, l.offsetMS, scans)
	if err != nil {
		return l.refused(err)
	}
	l.s.metrics.accepted(answer.Outcomes, n, time.Duration(clock.Mono()-start)*time.Microsecond)
	l.pending = l.pending[n:]
	if len(l.pending) == 0 {
		l.pending = nil // lets the backing array go
	}
	l.last = max(l.last, answer.LastSeq)
	l.view.Store(max(l.view.Load(), answer.View.Version))
	return l.sayWait(wire.FromServer{Op: wire.OpOutcomes, Outcomes: answer.Outcomes, LastSeq: l.last, View: &answer.View})
}

// refused tells the station what the desk's error means for it; the socket ends.
func (l *line) refused(err error) bool {
	f := fault.Of(err)
	switch {
	case f.Code == wire.ErrSeqGap:
		l.fail(wire.ErrSeqGap, "another connection moved this producer on: connect again", 0)
	case slices.Contains([]string{wire.ErrSeqConflict, wire.ErrProducer, wire.ErrVersion}, f.Code):
		l.fail(f.Code, f.Message, 0)
	default:
		if !errors.Is(err, context.Canceled) {
			l.s.logger.Error("station", "station", l.who.ID, "name", l.who.Name, "error", err)
		}
		l.fail(wire.ErrBusy, "the server could not take this now: connect again", busyRetryMS)
	}
	return false
}

// seen stores that the station is alive and what its scanners do.
func (l *line) seen(ctx context.Context) {
	call, cancel := verb(ctx)
	defer cancel()
	if ok, err := l.who.stands(call, l.s); err == nil && !ok {
		l.fail(wire.ErrRevoked, "the log-in of this page is over: log in again", 0)
		return
	}
	if err := l.s.auth.StationSeen(call, l.who.ID, l.conn, l.devices); err != nil {
		l.s.logger.Warn("station seen", "station", l.who.ID, "error", err)
		return
	}
	l.devices = ""
}

// pushView sends the bench as somebody else left it.
func (l *line) pushView(ctx context.Context) {
	call, cancel := verb(ctx)
	defer cancel()
	view, err := l.s.d.Desk.View(call, l.who.Bench)
	if err != nil {
		l.s.logger.Warn("view of bench", "bench", l.who.Bench, "error", err)
		return
	}
	if view.Version <= l.view.Load() {
		return
	}
	l.view.Store(view.Version)
	l.say(wire.FromServer{Op: wire.OpView, View: &view, LastSeq: l.last})
}
