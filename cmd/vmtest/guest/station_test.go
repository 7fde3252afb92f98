//go:build linux

package main

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/agent"
)

// What the agent logs is what the ledger holds it to: the words here are those of scanner/agent.
func TestHeard(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	begin := time.Now().Truncate(time.Millisecond)
	log.Info(agent.LogDevice, "device", "keys1", "state", scanner.DeviceConnected, "code", "", "detail", "")
	log.Warn(agent.LogNotTaken, "device", "keys1", "code", "damaged", "why", "the kernel dropped keys", "lost", 3)
	log.Warn(agent.LogGone, "device", "keys1", "err", "EOF")
	log.Info(agent.LogDevice, "device", "keys1", "state", scanner.DeviceGone, "code", "scanner_gone", "detail", "unplugged")
	log.Info(agent.LogDevice, "device", "pos1", "state", scanner.DeviceFault, "code", "no_permission", "detail", "no permission")
	log.Info("offline", "err", "device=keys1 state=connected")
	s := &station{connected: map[string]int{}}
	s.changed = sync.NewCond(&s.mu)
	s.listen(&out)
	reports, tail, faults := s.told()
	if len(reports) != 2 || reports[0].Code != "damaged" || reports[1].Code != "gone" || reports[0].Device != "keys1" || reports[0].At.Before(begin) || len(faults) != 1 {
		t.Fatalf("%+v %q\n%s", reports, faults, tail)
	}
	if s.openings("keys1") != 1 || s.openings("pos1") != 0 || strings.Count(tail, "\n") != 5 {
		t.Fatalf("%v\n%s", s.connected, tail)
	}
	if err := s.opened("keys1", 0); err != nil {
		t.Fatal(err)
	}
}

// No code may be a part of another, or a cut one could pass for it.
func TestCodesAreNoPartsOfEachOther(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		c := codes{Rand: rand.New(rand.NewPCG(seed, 1)), device: "keys1", long: 40}
		var all []string
		for range 1200 {
			all = append(all, c.next())
		}
		joined := "\n" + strings.Join(all, "\n") + "\n"
		for i, code := range all {
			if strings.Count(joined, code) != 1 {
				t.Fatalf("seed %d: code %d, %q, is a part of another", seed, i, code)
			}
		}
	}
}
