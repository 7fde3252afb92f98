package wire_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"reflect"
	"testing"

	"github.com/backdock/backdock/scanner/wire"
)

func samplePage() wire.ExpectedPage {
	return wire.ExpectedPage{Begin: true, Complete: true, Cursor: "d.1.77", SKUs: []wire.ExpectedSKU{{ID: 3, Codes: []uint64{1, 1 << 63}}, {ID: 4}},
		Returns: []wire.ExpectedReturn{{Ref: 9, Over: true, Keys: []wire.ExpectedKey{{Role: wire.RoleReturn, Sum: 5}, {Role: wire.RoleOrder, Sum: 6}},
			Lines: []wire.ExpectedLine{{SKU: 3, Count: 2}, {SKU: 4, Count: 1, Serials: []uint64{7, 8}}}}, {Ref: 10}}, Gone: []uint64{1, 300}}
}

func TestExpectedPageReadsAsWritten(t *testing.T) {
	t.Parallel()
	for _, p := range []wire.ExpectedPage{{}, {Complete: true, Cursor: "x"}, samplePage()} {
		got, err := wire.DecodeExpected(p.Encode())
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("wrote %+v, read %+v, %v", p, got, err)
		}
	}
	b := samplePage().Encode()
	for i := range b {
		for _, bad := range [][]byte{b[:i], append(append(append([]byte{}, b[:i]...), b[i]^0x10), b[i+1:]...)} {
			if _, err := wire.DecodeExpected(bad); !errors.Is(err, wire.ErrInvalid) {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
}

// Sums must not change: a station that is updated keeps its cache, and a server of another version fills it.
func TestSumsStay(t *testing.T) {
	t.Parallel()
	h := wire.NewHasher("0123456789abcdef")
	first := h.Sum(wire.SumWaybill, "SF1234567890123")
	if first != h.Sum(wire.SumWaybill, "SF1234567890123") {
		t.Fatal("a hasher forgets its key")
	}
	for name, other := range map[string]uint64{
		"another kind": h.Sum(wire.SumNumber, "SF1234567890123"), "another text": h.Sum(wire.SumWaybill, "SF1234567890124"),
		"another station": wire.NewHasher("0123456789abcdee").Sum(wire.SumWaybill, "SF1234567890123"),
	} {
		if other == first {
			t.Errorf("%s has the same sum", name)
		}
	}
	if want := uint64(0x2f46f8b530f1afc8); first != want {
		t.Errorf("sum %#x, was %#x", first, want)
	}
}

// Whatever an answer holds, reading it ends in a page or in ErrInvalid, and a page that was read says the same when it is written again.
func FuzzDecodeExpected(f *testing.F) {
	f.Add(samplePage().Encode())
	f.Add(wire.ExpectedPage{}.Encode())
	f.Add([]byte("BDX\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := wire.DecodeExpected(b)
		if err != nil {
			// A right checksum brings the fuzzer past the gate.
			if p, err = wire.DecodeExpected(sealed(b)); err != nil {
				if !errors.Is(err, wire.ErrInvalid) {
					t.Fatalf("%v is not ErrInvalid", err)
				}
				return
			}
		}
		again, err := wire.DecodeExpected(p.Encode())
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("read %+v, written and read again %+v, %v", p, again, err)
		}
	})
}

// sealed puts the page's head before b and the checksum behind it.
func sealed(b []byte) []byte {
	b = append([]byte("BDX\x01"), b...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}
