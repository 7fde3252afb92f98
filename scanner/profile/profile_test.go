package profile

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestProfiles(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"none": {}, "honeywell-ack": {"\x1b7,", "\x1b8,"}, "honeywell": {"\x16\x07\r"}, "datalogic": {"\x01", "FE"}, "gryphon": {"\x12\x1b[3q\r", "\x12\x1b[4q\r"},
		"cipherlab": {"#@////\r"}, "newland": {"\x06"}, "acknak": {"\x06", "\x15"},
	} {
		p, err := Find(name)
		if err != nil || string(p.Good) != want[0] || string(p.Bad) != want[1] {
			t.Errorf("%s: good %q, bad %q, %v", name, p.Good, p.Bad, err)
		}
	}
	if _, err := Find("loud"); err == nil || !strings.Contains(err.Error(), "zebra-ssi, zebra-acknak, honeywell-ack") {
		t.Errorf("an unknown profile gave %v", err)
	}
}

// Every SSI packet that is sent is one: length, source, checksum.
func TestSSIFeedback(t *testing.T) {
	t.Parallel()
	p, err := Find("zebra-ssi")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]Bytes{"good": p.Good, "bad": p.Bad, "part": p.Part, "again": p.Again} {
		var ops []byte
		for len(b) > 0 {
			n := int(b[0])
			if n < 4 || len(b) < n+2 || b[2] != 4 {
				t.Fatalf("%s: no packet of the host at % x", name, b)
			}
			sum := uint16(b[n])<<8 | uint16(b[n+1])
			for _, c := range b[:n] {
				sum += uint16(c)
			}
			if sum != 0 {
				t.Errorf("%s: checksum of % x is off by %d", name, b[:n+2], sum)
			}
			ops = append(ops, b[1])
			b = b[n+2:]
		}
		if want := map[string]string{"good": "\xd0\xe6", "bad": "\xd0\xe6", "part": "\xd0", "again": "\xd1"}[name]; string(ops) != want {
			t.Errorf("%s sends % x", name, ops)
		}
	}
}

func TestInto(t *testing.T) {
	t.Parallel()
	p := Profile{URL: map[string]string{"suffix": "cr", "noread": "ERROR"}}
	q := url.Values{"suffix": {"lf"}, "baud": {"9600"}}
	p.Into(q)
	if q.Encode() != "baud=9600&noread=ERROR&suffix=lf" {
		t.Errorf("got %s", q.Encode())
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	p, err := Find("gryphon")
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(p)
	if err != nil || !strings.Contains(string(b), `"good":"121B5B33710D"`) {
		t.Errorf("%s, %v", b, err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	const ok = "version: 1\nprofiles:\n  - {name: a, maker: m, source: s, sure: document, zh: [z], en: [e]"
	for text, want := range map[string]string{
		"version: 2":            "version 2",
		"profiles: 1":           "cannot unmarshal",
		ok + ", good: XY}":      "not hexadecimal",
		ok + ", colour: red}":   "field colour not found",
		ok + ", resends: true}": "resends without bad",
		ok + ", part: '06'}":    "packet protocol",
		ok + ", good: " + strings.Repeat("0", 130) + "}":                               "more than 64 bytes",
		ok + "}\n  - {name: a, maker: m, source: s, sure: document, zh: [z], en: [e]}": "stands twice",
		"version: 1\nprofiles: [{name: a, maker: m, source: s, sure: surely}]":         "sure",
		"version: 1\nprofiles: [{name: a, maker: m, source: s, sure: partly}]":         "hints",
		ok + ", good: '06'}": "no page that confirms it",
		"version: 1\nprofiles: [{name: a, maker: m, source: s, sure: unverified, zh: [z], en: [e]}]": "what is open",
		"version: 1\nprofiles: [{name: a}]": "are needed",
	} {
		if list, err := parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngave %v, %v, want %q", text, list, err, want)
		}
	}
	if _, err := parse([]byte(ok + ", good: '06', confirmed: ['a page']}")); err != nil {
		t.Error(err)
	}
}
