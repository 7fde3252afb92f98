package wire_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// Whatever a socket sends, reading it ends in a message within the limits or in ErrInvalid; and a message that was read says the same when it is sent on.
func FuzzDecodeStation(f *testing.F) {
	for _, m := range []wire.FromStation{
		{Op: wire.OpHello, Versions: []int{1}, Producer: "00112233445566778899aabbccddeeff", NextSeq: 1},
		{Op: wire.OpScans, Scans: []scanner.Scan{{Seq: 7, Device: "main", Data: "6979990000564", Raw: []byte("6979990000564"), Charset: "utf-8"}}},
		{Op: wire.OpLease, Count: 500},
		{Op: wire.OpDevices},
	} {
		b, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"op":"scans","scans":[{"seq":2},{"seq":1}]}`))
	f.Add([]byte(`{"op":"lease","count":1} {}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wire.DecodeStation(b)
		if err != nil {
			if !errors.Is(err, wire.ErrInvalid) {
				t.Fatalf("error %v does not wrap ErrInvalid", err)
			}
			return
		}
		if len(m.Scans) > wire.MaxScans {
			t.Fatalf("%d scans passed", len(m.Scans))
		}
		for i, s := range m.Scans {
			if len(s.Raw) > wire.MaxRaw || s.Seq == 0 || i > 0 && s.Seq != m.Scans[i-1].Seq+1 {
				t.Fatalf("scan %d passed: %+v", i, s)
			}
		}
		again, err := json.Marshal(m)
		if err != nil {
			return // a time that JSON cannot carry
		}
		n, err := wire.DecodeStation(again)
		if err != nil || !reflect.DeepEqual(canonical(t, m), canonical(t, n)) {
			t.Fatalf("%s became %s: %v", b, again, err)
		}
	})
}

func canonical(t *testing.T, m wire.FromStation) string {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
