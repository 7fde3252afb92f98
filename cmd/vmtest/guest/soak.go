//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/backdock/backdock/cmd/vmtest/ledger"
	"github.com/backdock/backdock/cmd/vmtest/plan"
	"github.com/backdock/backdock/scanner/journal"
)

// leastAccepted of a hundred codes must be kept, of every kind: a station that refuses everything loses nothing in silence either.
const leastAccepted = 60

// soak scans into the station and compares.
func soak(ctx context.Context, p plan.Plan) error {
	scanners, err := players(p.Seed)
	if err != nil {
		return err
	}
	var urls []string
	for _, s := range scanners {
		if err := s.plug(); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		urls = append(urls, s.url)
	}
	st, err := startStation(ctx, urls)
	if err != nil {
		return err
	}
	began := time.Now()
	events, err := drive(st, scanners, p)
	if err == nil {
		time.Sleep(4 * time.Second) // what is unfinished counts as cut off after two
	}
	err = errors.Join(err, st.stop())
	reports, tail, faults := st.told()
	if err != nil {
		fmt.Println(tail)
		return err
	}
	events.Reports, events.Finished = reports, time.Now()
	if events.Kept, err = read(); err != nil {
		return err
	}
	fmt.Printf("\nseed %d, %d stalls, %d unpluggings in mid-scan, %d faults, %s\n\n", p.Seed, len(events.Stalls), len(events.Unplugs)-len(scanners), len(faults), time.Since(began).Round(time.Second))
	for _, f := range faults {
		fmt.Println(f)
	}
	return judge(scanners, events)
}

// drive scans with all scanners at once and stops the station now and then.
func drive(st *station, scanners []*gun, p plan.Plan) (ledger.Events, error) {
	var events ledger.Events
	var sent atomic.Int64
	var hands, nuisance sync.WaitGroup
	errs := make([]error, len(scanners)+1)
	done := make(chan struct{})
	left := p.Scans
	for i, s := range scanners {
		n := p.Scans * s.share / 100
		if i == len(scanners)-1 {
			n = left
		}
		left -= n
		s.station, s.sent = st, &sent
		hands.Go(func() { errs[i] = s.work(n) })
	}
	nuisance.Go(func() { events.Stalls, errs[len(scanners)] = stall(st, p.Seed, done) })
	nuisance.Go(func() { progress(&sent, p.Scans, done) })
	hands.Wait()
	close(done)
	nuisance.Wait()
	for _, s := range scanners {
		events.Unplugs = append(events.Unplugs, s.pulled...)
	}
	return events, errors.Join(errs...)
}

// stall stops the station: half of the times for as long as a busy computer may, half for longer than the kernel keeps keys for.
func stall(st *station, seed uint64, done <-chan struct{}) (moments []ledger.Moment, err error) {
	r := rand.New(rand.NewPCG(seed, 0))
	for {
		select {
		case <-done:
			return moments, nil
		case <-time.After(3*time.Second + upTo(r, 4*time.Second)):
		}
		long := 30*time.Millisecond + upTo(r, 120*time.Millisecond)
		if r.IntN(2) == 0 {
			long = 300*time.Millisecond + upTo(r, 1200*time.Millisecond)
		}
		from := time.Now()
		if err := st.signal(syscall.SIGSTOP); err != nil {
			return moments, err
		}
		time.Sleep(long)
		if err := st.signal(syscall.SIGCONT); err != nil {
			return moments, err
		}
		moments = append(moments, ledger.Moment{From: from, To: time.Now()})
	}
}

func progress(sent *atomic.Int64, of int, done <-chan struct{}) {
	for tick := time.NewTicker(20 * time.Second); ; {
		select {
		case <-done:
			return
		case <-tick.C:
			fmt.Printf("%d of %d scans\n", sent.Load(), of)
		}
	}
}

// read gives the journal's scans.
func read() ([]ledger.Kept, error) {
	j, err := journal.Open(data)
	if err != nil {
		return nil, err
	}
	defer j.Close()
	var out []ledger.Kept
	for seq := j.FirstSeq(); seq < j.NextSeq(); {
		scans, err := j.Read(seq, 500)
		if err != nil {
			return nil, err
		}
		for _, s := range scans {
			out = append(out, ledger.Kept{Device: s.Device, Code: string(s.Raw), At: s.CapturedAt})
			seq = s.Seq + 1
		}
	}
	return out, nil
}

// judge prints the table and says what is wrong.
func judge(scanners []*gun, events ledger.Events) error {
	var all []ledger.Scanner
	for _, s := range scanners {
		all = append(all, s.Scanner)
	}
	figures := ledger.Judge(all, events)
	ledger.Table(os.Stdout, figures)
	fmt.Println()
	var errs []error
	for _, f := range figures {
		for _, n := range f.Notes {
			fmt.Println(n)
		}
		if n := f.Wrong(); n > 0 {
			errs = append(errs, fmt.Errorf("%s: %d codes were lost in silence, doubled, altered, out of order or wrongly answered", f.Kind, n))
		}
		if f.Accepted*100 < f.Sent*leastAccepted {
			errs = append(errs, fmt.Errorf("%s: only %d of %d codes were accepted", f.Kind, f.Accepted, f.Sent))
		}
	}
	return errors.Join(errs...)
}
