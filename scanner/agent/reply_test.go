package agent

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

const (
	ssiAck  = "\x04\xd0\x04\x00\xff\x28"
	ssiNak  = "\x05\xd1\x04\x00\x01\xff\x25"
	ssiBeep = "\x05\xe6\x04\x00\x00\xff\x11"
	ssiRazz = "\x05\xe6\x04\x00\x11\xff\x00"
)

// ssiPacket is a packet of decoded data: status bit 0 sent again, bit 1 more to come.
func ssiPacket(status byte, text string) string {
	b := append([]byte{byte(5 + len(text)), 0xf3, 0, status, 0x03}, text...)
	sum := uint16(0)
	for _, c := range b {
		sum -= uint16(c)
	}
	return string(append(b, byte(sum>>8), byte(sum)))
}

func (g *gun) ssi(query string) string {
	return "serial://" + g.port() + "?profile=zebra-ssi&name=gun" + query
}

// answered waits for exactly these bytes.
func (g *gun) answered(what, want string) {
	g.t.Helper()
	var got strings.Builder
	for got.Len() < len(want) {
		got.WriteByte(g.beep())
		if !strings.HasPrefix(want, got.String()) {
			g.t.Fatalf("%s was answered % x, want % x", what, got.String(), want)
		}
	}
}

func arrived(r *rig) string {
	r.Helper()
	r.settled()
	var got []string
	for _, s := range r.server.Scans() {
		got = append(got, strings.Join(strings.Fields(s.Data+" "+s.Symbology+" "+flags(s)), " "))
	}
	return strings.Join(got, "|")
}

// Zebra SSI: a packet is acknowledged once its scan is on the disk; what the scanner sends again is acknowledged again and recorded no second time.
func TestSSI(t *testing.T) {
	server := newServer(t)
	g := newGun(t)
	r := newRig(t, t.TempDir(), server, g.ssi("&double=0s"))
	const again, more = 1, 2
	g.send(ssiPacket(0, "A"))
	first := g.beep()
	if n := r.agent.journal.NextSeq(); n != 2 {
		t.Fatalf("answered %#x while the journal stands at %d", first, n)
	}
	g.answered("the rest of A", (ssiAck + ssiBeep)[1:])
	g.send("\x04\xd0\x00\x00\xff\x2c") // the scanner acknowledges the beep
	g.send(ssiPacket(again, "A"))
	g.answered("A once more", ssiAck+ssiBeep)
	g.send(ssiPacket(0, "A"))
	g.answered("a second piece of A", ssiAck+ssiBeep)
	g.send(ssiPacket(more, "long "))
	g.answered("a part", ssiAck)
	g.send(ssiPacket(more|again, "long "))
	g.answered("the part once more", ssiAck)
	g.send(ssiPacket(0, "code"))
	g.answered("the end", ssiAck+ssiBeep)
	g.send(ssiPacket(0, "NOREAD"))
	g.answered("no code", ssiAck)
	g.send(ssiPacket(again, "NOREAD"))
	g.answered("no code once more", ssiAck)

	bad := []byte(ssiPacket(0, "B"))
	bad[5] ^= 1
	g.send(string(bad))
	g.answered("a damaged packet", ssiNak)
	g.send(ssiPacket(again, "B"))
	g.answered("its second copy", ssiAck+ssiBeep)
	g.send("half of a pa")
	g.answered("bytes of no packet", ssiNak)

	g.send(ssiPacket(0, "no\x00text"))
	g.answered("what is no text", ssiAck+ssiRazz)
	g.send(ssiPacket(again, "no\x00text"))
	g.answered("what is no text, once more", ssiAck+ssiRazz)
	if got, want := arrived(r), `A ]C0|A ]C0|long code ]C0|B ]C0|no\x00text ]C0 not_text`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Packets that come damaged again and again are told to a person; the scanner gives up by itself.
func TestSSIBrokenLine(t *testing.T) {
	g := newGun(t)
	r := newRig(t, t.TempDir(), newServer(t), g.ssi(""))
	bad := []byte(ssiPacket(0, "B"))
	bad[5] ^= 1
	for range brokenLimit {
		if len(r.agent.State().Notices) > 0 {
			t.Fatal("told too early")
		}
		g.send(string(bad))
		g.answered("a damaged packet", ssiNak)
	}
	r.noticed(NoticePartial)
}

// A scan that is not on the disk is not acknowledged, neither the first time nor when the scanner tries again.
func TestSSIJournalFails(t *testing.T) {
	dir := t.TempDir()
	server := newServer(t)
	g := newGun(t)
	r := newRig(t, dir, server, g.ssi(""))
	g.send(ssiPacket(0, "A"))
	g.answered("A", ssiAck+ssiBeep)
	r.settled()
	breakDisk(t, filepath.Join(dir, "journals"), "scans-")
	g.send(ssiPacket(0, "B"))
	g.answered("a scan that is nowhere", ssiNak)
	g.send(ssiPacket(1, "B"))
	g.answered("its second copy", ssiNak)
	r.noticed(NoticeJournalFailed)
	if n := len(server.Scans()); n != 1 {
		t.Errorf("%d scans arrived", n)
	}
}

// ACK/NAK: the scanner sends again what was answered NAK. A code that is recorded but cannot be used is recorded once; bytes without a beginning are not
// recorded, and their second, whole copy is a code like any other.
func TestNakMakesTheScannerSendAgain(t *testing.T) {
	server := newServer(t)
	g := newGun(t)
	r := newRig(t, t.TempDir(), server, g.url("&double=0s"))
	want := func(what string, b byte) {
		t.Helper()
		if got := g.beep(); got != b {
			t.Fatalf("%s was answered %#x, want %#x", what, got, b)
		}
	}
	g.send("0123\r")
	want("the tail of a code", bad)
	g.send("690123\r")
	want("the whole code", good)
	for range 3 {
		g.send("no\x00text\r")
		want("what is no text", bad)
	}
	g.send("A\r")
	want("A", good)
	g.send("A\r")
	want("a second piece of A", good)
	g.send("no\x00text\r")
	want("what is no text, by another pull of the trigger", bad)
	if got, want := arrived(r), `690123|no\x00text not_text|A|A|no\x00text not_text`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A scanner that is opened again may send what it never heard an answer to: it is recorded, and flagged as a possible second copy.
func TestSSIAfterRestart(t *testing.T) {
	server := newServer(t)
	g := newGun(t)
	dir := t.TempDir()
	r := newRig(t, dir, server, g.ssi(""))
	g.send(ssiPacket(0, "A"))
	g.answered("A", ssiAck+ssiBeep)
	r.settled()
	r.stop()
	r = newRig(t, dir, server, g.ssi(""))
	g.send(ssiPacket(1, "A"))
	g.answered("A once more, after a restart", ssiAck+ssiBeep)
	if got, want := arrived(r), "A ]C0|A ]C0 "+string(scanner.RepeatAfterRestart); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// piped is a scanner at the other end of a pipe.
type piped struct{ conn net.Conn }

func (p piped) Open(context.Context) (io.ReadWriteCloser, error) { return p.conn, nil }

// Listening without recording keeps a packet scanner talking and beeps nothing.
func TestSSIListen(t *testing.T) {
	t.Parallel()
	s, err := Parse("tcp://x:1?profile=zebra-ssi")
	if err != nil {
		t.Fatal(err)
	}
	gun, end := net.Pipe()
	s.Driver = piped{end}
	heard := make(chan Heard, 8)
	done := make(chan error, 1)
	go func() {
		done <- Listen(t.Context(), s, barcode.NewReader(nil), nil, func(h Heard) { heard <- h })
	}()
	answer := make([]byte, 64)
	for _, p := range []string{ssiPacket(2, "long "), ssiPacket(0, "code"), ssiPacket(1, "code")} {
		if _, err := io.WriteString(gun, p); err != nil {
			t.Fatal(err)
		}
		if n, err := gun.Read(answer); err != nil || string(answer[:n]) != ssiAck {
			t.Fatalf("%q was answered % x, %v", p, answer[:n], err)
		}
	}
	for i, want := range []string{"", "long code", "long code"} {
		if h := <-heard; string(h.Raw) != want || h.Repeat != (i == 2) {
			t.Errorf("heard %+v, want %q", h, want)
		}
	}
	gun.Close()
	if err := <-done; err == nil {
		t.Error("the end of the device was not told")
	}
}

func TestProfileInURL(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		url, good, bad, suffix string
	}{
		{"serial:///dev/x?profile=zebra-ssi", ssiAck + ssiBeep, ssiAck + ssiRazz, "cr"},
		{"serial:///dev/x?profile=honeywell-ack", "\x1b7,", "\x1b8,", "cr"},
		{"serial:///dev/x?profile=honeywell-ack&suffix=lf&bad=07", "\x1b7,", "\x07", "lf"},
		{"serial:///dev/x?profile=honeywell-ack&beep=acknak", "\x06", "\x15", "cr"},
		{"serial:///dev/x?profile=datalogic&beep=none", "", "", "cr"},
		{"tcp://10.0.0.9:9004?profile=keyence", "", "", "cr"},
	} {
		s, err := Parse(tc.url)
		if err != nil || string(s.Feedback.Good) != tc.good || string(s.Feedback.Bad) != tc.bad || string(s.Profile.Suffix) != tc.suffix || s.URL != tc.url {
			t.Errorf("%s gave %+v, %v", tc.url, s, err)
		}
	}
	s, err := Parse("tcp://10.0.0.9:9004?profile=keyence")
	if err != nil || strings.Join(s.Profile.NoRead, ",") != "ERROR" {
		t.Errorf("%+v, %v", s.Profile, err)
	}
	for url, want := range map[string]string{
		"serial:///dev/x?profile=loud":                  "want one of zebra-ssi, zebra-acknak",
		"serial:///dev/x?beep=zebra-ssi":                "use profile=zebra-ssi",
		"serial:///dev/x?protocol=ssi":                  "use profile=zebra-ssi",
		"serial:///dev/x?profile=zebra-ssi&beep=acknak": "use profile=zebra-ssi",
		"serial:///dev/x?protocol=morse":                "want lines or ssi",
	} {
		if s, err := Parse(url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %+v, %v, want %q", url, s, err, want)
		}
	}
}
