package agent

import (
	"os"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/logbook"
)

// A device's log tells its day: plugged in, codes with their numbers, what was dropped, unplugged, back under another name.
func TestDeviceLog(t *testing.T) {
	server := newServer(t)
	dir := t.TempDir()
	g, l := newGun(t), newLink(t)
	l.to(g.port())
	r := newRig(t, dir, server, "serial://"+l.path+"?beep=acknak&name=gun&stale=200ms")
	g.send("tail\r")
	if b := g.beep(); b != bad {
		t.Fatalf("the tail was answered %#x", b)
	}
	g.scan("690")
	g.scan("690")
	g.send("NOREAD\rhalf")
	r.noticed(NoticeCutOff)
	if err := os.Remove(l.path); err != nil {
		t.Fatal(err)
	}
	g.unplug()
	r.device("gun", scanner.DeviceGone)
	again := newGun(t)
	l.to(again.port())
	r.device("gun", scanner.DeviceConnected)
	r.settled()
	r.stop()
	all, err := logbook.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range all["gun"] {
		line := string(e.What)
		switch e.What {
		case logbook.Code:
			line += " " + e.Code + strings.Join(e.Flags, "")
			if e.Seq == 0 {
				t.Errorf("a code without its number: %+v", e)
			}
		case logbook.Partial, logbook.Stale:
			if e.Bytes != 4 {
				t.Errorf("dropped %d bytes, want 4", e.Bytes)
			}
		case logbook.Gone:
			if e.Detail == "" {
				t.Error("gone without a word why")
			}
		}
		if e.At.IsZero() {
			t.Errorf("%+v has no time", e)
		}
		got = append(got, line)
	}
	want := "started|connected|partial|code 690|code 690double_read|no_read|stale|gone|connected"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}
