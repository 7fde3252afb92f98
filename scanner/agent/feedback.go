package agent

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/profile"
)

// Feedback is what a scanner is sent so that it beeps. Nil sends nothing.
type Feedback struct {
	Good []byte // the scan is safe on the disk
	Bad  []byte // it is not, or cannot be used: scan again
	// Part acknowledges a packet and promises nothing about the scan; Again asks for a packet once more. Only of scanners that send packets.
	Part, Again []byte
	// Resends: Bad makes the scanner send the same code again.
	Resends bool
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

// feedback takes the bytes of profile=NAME, of beep=NAME instead, and good=HEX and bad=HEX over either.
func feedback(q url.Values) (Feedback, error) {
	f := Feedback{Own: !q.Has("profile") && !q.Has("beep") && !q.Has("good") && !q.Has("bad")}
	for _, key := range []string{"profile", "beep"} {
		if s := q.Get(key); s != "" {
			p, err := profile.Find(s)
			if err != nil {
				return Feedback{}, fmt.Errorf("%s=%q: want one of %s, or good= and bad= in hexadecimal", key, s, strings.Join(profile.Names(), ", "))
			}
			f = Feedback{Good: p.Good, Bad: p.Bad, Part: p.Part, Again: p.Again, Resends: p.Resends}
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
	if (len(f.Part) > 0) != (q.Get("protocol") == "ssi") {
		return Feedback{}, fmt.Errorf("protocol=%q does not go with this feedback: a scanner that sends packets waits for an answer to each; use profile=zebra-ssi for both", q.Get("protocol"))
	}
	return f, nil
}

// transport is the answer that only keeps packets coming, for those who listen without recording.
func (f Feedback) transport(k frame.Kind) []byte {
	switch k {
	case frame.Packet, frame.Complete, frame.NoRead, frame.Overflow:
		return f.Part
	case frame.Broken:
		return f.Again
	}
	return nil
}
