package agent

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/backdock/backdock/scanner"
)

// Feedback is what a scanner is sent so that it beeps. Nil sends nothing.
type Feedback struct {
	Good []byte // the scan is safe on the disk
	Bad  []byte // it is not, or cannot be used: scan again
	// Own: the URL says nothing, and a device that has its own way to be told is told so.
	Own bool
}

// of gives the feedback for an opened stream.
func (f Feedback) of(stream any) Feedback {
	if a, ok := stream.(scanner.Answering); ok && f.Own {
		f.Good, f.Bad = a.Answers()
	}
	return f
}

// makers holds the byte sequences of scanner makers' programming guides. Host ACK of Honeywell is the recommended mode: the scanner stays silent until the
// host answers, so its beep means exactly "safe".
var makers = map[string]Feedback{
	"none":          {},
	"honeywell-ack": {Good: []byte("\x1b7"), Bad: []byte("\x1b8")},
	"honeywell":     {Good: []byte("\x16\x07\r")},
	"datalogic":     {Good: []byte{0x42}, Bad: []byte{0x46, 0x45}}, // 45 after 46: some models stay disabled otherwise
	"gryphon":       {Good: []byte("\x1b[3q"), Bad: []byte("\x1b[4q")},
	"cipherlab":     {Good: []byte("#@////\r")},
	"newland":       {Good: []byte{0x06}},
	"acknak":        {Good: []byte{0x06}, Bad: []byte{0x15}},
}

// feedback reads beep=MAKER, or good=HEX and bad=HEX.
func feedback(q url.Values) (Feedback, error) {
	f := Feedback{Own: !q.Has("beep") && !q.Has("good") && !q.Has("bad")}
	if s := q.Get("beep"); s != "" {
		var ok bool
		if f, ok = makers[s]; !ok {
			return Feedback{}, fmt.Errorf("beep=%q: want one of %s, or good= and bad= in hexadecimal", s, strings.Join(slices.Sorted(maps.Keys(makers)), ", "))
		}
	}
	for key, into := range map[string]*[]byte{"good": &f.Good, "bad": &f.Bad} {
		if s := q.Get(key); s != "" {
			b, err := hex.DecodeString(s)
			if err != nil || len(b) > 64 {
				return Feedback{}, fmt.Errorf("%s=%q: want up to 64 bytes in hexadecimal", key, s)
			}
			*into = b
		}
	}
	return f, nil
}
