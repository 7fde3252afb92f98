package replay

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/backdock/backdock/scanner"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const capture = `# a box
0 "]E0690"
12.5 "123\r\xff\x00"

30 "退货\r"
`

func TestPlay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "box.capture")
	if err := os.WriteFile(path, []byte(capture), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, speed := range []string{"max", "3"} {
		u, err := url.Parse("replay:" + path + "?speed=" + speed)
		if err != nil {
			t.Fatal(err)
		}
		d, err := New(u)
		if err != nil {
			t.Fatal(err)
		}
		s, err := d.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		want := "]E0690123\r\xff\x00退货\r"
		got := make([]byte, len(want))
		if _, err := io.ReadFull(s, got); err != nil || string(got) != want {
			t.Fatalf("played %q, %v", got, err)
		}
		if took := time.Since(begin); speed == "3" && took < 10*time.Millisecond {
			t.Fatalf("30 ms at three times the pace took %v", took)
		}
		if n, err := s.Write([]byte{7}); n != 1 || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
		ended := make(chan error, 1)
		go func() { _, err := s.Read(got); ended <- err }()
		s.Close()
		if err := <-ended; !errors.Is(err, os.ErrClosed) {
			t.Fatalf("after Close Read gave %v", err)
		}
	}
}

// A capture of a device that sends no text says how it is to be read; the URL may say otherwise.
func TestEncoding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.capture")
	if err := os.WriteFile(path, []byte("!evdev?event=24&layout=us\n0 \"x\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]scanner.Encoding{"": "evdev?event=24&layout=us", "?layout=de&suffix=tab": "evdev?event=24&layout=de"} {
		u, err := url.Parse("replay:" + path + query)
		if err != nil {
			t.Fatal(err)
		}
		d, err := New(u)
		if err != nil {
			t.Fatal(err)
		}
		s, err := d.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := s.(scanner.Encoded).Encoding(); got != want {
			t.Errorf("%s: %s", query, got)
		}
		s.Close()
	}
}

func TestParseRefuses(t *testing.T) {
	for _, bad := range []string{"!", "!a\n!b", "0 \"a\"\n!a", "x", `1`, `-1 "a"`, `1 a`, `1 "a`, "2 \"a\"\n1 \"b\"", `NaN "a"`} {
		if c, err := Parse(strings.NewReader(bad)); err == nil {
			t.Errorf("%q gave %+v", bad, c)
		}
	}
	for _, bad := range []string{"replay:", "replay://host/file", "replay:f?speed=0", "replay:f?speed=fast"} {
		u, err := url.Parse(bad)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := New(u); err == nil {
			t.Errorf("%s gave %+v", bad, d)
		}
	}
}

func FuzzCapture(f *testing.F) {
	f.Add([]byte(capture))
	f.Add([]byte("!evdev?layout=us\n0 \"\\x00\"\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(bytes.NewReader(b))
		if err != nil {
			return
		}
		text := Head("serial:///dev/x\n", c.As)
		for _, k := range c.Chunks {
			text += k.Line()
		}
		again, err := Parse(strings.NewReader(text))
		if err != nil || len(again.Chunks) != len(c.Chunks) || again.As != c.As {
			t.Fatalf("written and read: %d chunks of %d, encoding %q of %q, %v", len(again.Chunks), len(c.Chunks), again.As, c.As, err)
		}
		for i := range again.Chunks {
			if !bytes.Equal(again.Chunks[i].Data, c.Chunks[i].Data) {
				t.Fatalf("chunk %d: %q became %q", i, c.Chunks[i].Data, again.Chunks[i].Data)
			}
		}
	})
}
