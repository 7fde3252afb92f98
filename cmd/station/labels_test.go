package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/printer/printertest"
	"github.com/backdock/backdock/scanner/sticker"
)

// The program prints a label when the server has booked a piece, says in status what is not printed, and prints a copy for a reason.
func TestLabels(t *testing.T) {
	server := newServer(t)
	server.Decide = func(s scanner.Scan) scanner.Outcome {
		o := scanner.Outcome{Verdict: scanner.Accepted, Code: scanner.CodeMatched, Tone: scanner.ToneOK, Plate: s.Plate}
		if s.Plate != "" {
			o.Effects = []scanner.Effect{{Kind: scanner.EffectUnitBooked, Plate: s.Plate, SKU: "TEE-L"}}
		}
		return o
	}
	p, err := printertest.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	dir := t.TempDir()
	if out, ok := run(t, nil, "--data", dir, "enroll", "--server", server.URL(), "--code", "ABCDE-23456"); !ok {
		t.Fatal(out)
	}
	if out, ok := run(t, nil, "--data", dir, "reprint", scanner.Plate(1), "--reason", "lost"); ok || !strings.Contains(out, "no agent") {
		t.Errorf("reprint without an agent: %s", out)
	}
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	t.Setenv("STATION_PRINTER", p.URL("name=label&timeout=20s&label=60x40&dpi=300"))
	_, stop := begin(t, dir, "serial://"+slave.Name()+"?name=gun&beep=acknak")
	plate := ""
	for i := 0; plate == ""; i++ { // the first scans may come before the plates
		shoot(t, master, i)
		if err := server.WaitScans(t.Context(), i+1); err != nil {
			t.Fatal(err)
		}
		plate = server.Scans()[i].Plate
	}
	wait := func(n int) []string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		if err := p.Wait(ctx, func(l []string, _ int) bool { return len(l) >= n }); err != nil {
			t.Fatal(err)
		}
		return p.Labels()
	}
	if label := wait(1)[0]; !strings.Contains(label, plate) || !strings.Contains(label, "^PW720") {
		t.Errorf("label %s", label)
	}
	if out, ok := run(t, nil, "--data", dir, "reprint", plate); ok || !strings.Contains(out, "--reason") {
		t.Errorf("reprint without a reason: %s", out)
	}
	if out, ok := run(t, nil, "--data", dir, "reprint", scanner.Plate(987654), "--reason", "lost"); ok || !strings.Contains(out, "label_unknown") {
		t.Errorf("reprint of a strange plate: %s", out)
	}
	if out, ok := run(t, nil, "--data", dir, "reprint", plate, "--reason", "lost"); !ok {
		t.Errorf("reprint: %s", out)
	}
	if label := wait(2)[1]; !strings.Contains(label, plate) || !strings.Contains(label, "#2") {
		t.Errorf("copy %s", label)
	}
	p.Set(printertest.Fault{PaperOut: true})
	if out, ok := run(t, nil, "--data", dir, "reprint", plate, "--reason", "torn"); !ok {
		t.Errorf("reprint: %s", out)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		out, ok := run(t, nil, "--data", dir, "status")
		if ok && strings.Contains(out, "not printed") && strings.Contains(out, "put in a new roll") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("status: %s", out)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// The control sheet goes to a printer or to standard output.
func TestSheet(t *testing.T) {
	out, ok := run(t, nil, "sheet", "--label", "60x40", "--dpi", "300")
	if !ok || strings.Count(out, "^XA") != len(sticker.Controls) {
		t.Errorf("%d labels: %.300s", strings.Count(out, "^XA"), out)
	}
	p, err := printertest.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	if out, ok := run(t, nil, "sheet", p.URL("timeout=20s")); !ok || len(p.Labels()) != len(sticker.Controls) {
		t.Errorf("%d labels: %s", len(p.Labels()), out)
	}
	p.Set(printertest.Fault{HeadOpen: true})
	if out, ok := run(t, nil, "sheet", p.URL("timeout=20s")); ok || !strings.Contains(out, "close it") {
		t.Errorf("with an open head: %s", out)
	}
	if out, ok := run(t, nil, "sheet", "--label", "5x5"); ok || !strings.Contains(out, "40 to 110") {
		t.Errorf("small stock: %s", out)
	}
}
