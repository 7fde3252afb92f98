package pos

import (
	"testing"
	"time"

	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid/descriptor"
	"github.com/backdock/backdock/scanner/hid/hidtest"
)

// FuzzDecoder reads any reports of any device: it never panics, keeps within the cap, and after opening accepts nothing before the end of a code.
func FuzzDecoder(f *testing.F) {
	for _, desc := range [][]byte{hidtest.Usual, hidtest.Odd, hidtest.Bare, Canonical} {
		v := hidtest.New(f, desc)
		f.Add(desc, append(v.Report("690", "]E0", true), v.Report("1", "]E0", false)...), uint8(65), uint8(1))
	}
	f.Fuzz(func(t *testing.T, desc, reads []byte, cut, mode uint8) {
		d, err := descriptor.Parse(desc)
		if err != nil {
			return
		}
		p := frame.Default()
		p.Max, p.KeepFirst = 64, mode&1 != 0
		dec, err := New(d, p, DefaultPause, 0)
		if err != nil {
			return
		}
		Beeps(d)
		var at time.Duration
		ended := p.KeepFirst
		for rest := reads; len(rest) > 0; {
			n := min(int(cut)+1, len(rest))
			read := rest[:n]
			rest = rest[n:]
			at += time.Duration(mode) * time.Millisecond
			if at-dec.last >= DefaultPause && mode > 0 {
				ended = true
			}
			for _, e := range dec.Write(read, at) {
				whole := e.Kind == frame.Complete || e.Kind == frame.NoRead || e.Kind == frame.Overflow
				if whole && (len(e.Data) == 0 || len(e.Data) > p.Max || !ended) || !whole && (e.Data != nil || e.Lost < 0) {
					t.Fatalf("%+v", e)
				}
			}
			if !dec.lost {
				ended = true
			}
			if len(dec.buf) > p.Max {
				t.Fatalf("the decoder holds %d bytes", len(dec.buf))
			}
		}
		dec.Hangup()
	})
}
