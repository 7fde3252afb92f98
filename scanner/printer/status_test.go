package printer

import (
	"errors"
	"testing"
)

func answer(one, two string) string {
	return "\x02" + one + "\x03\r\n\x02" + two + "\x03\r\n\x021234,0\x03\r\n"
}

func TestParseStatus(t *testing.T) {
	t.Parallel()
	good1, good2 := "030,0,0,1245,000,0,0,0,000,0,0,0", "000,0,0,0,0,2,4,0,00000000,1,000"
	for _, tc := range []struct {
		name, in string
		want     Status
		state    State
		err      error
	}{
		{"ready", answer(good1, good2), Status{}, Ready, nil},
		{"paper out", answer("030,1,0,1245,000,0,0,0,000,0,0,0", good2), Status{PaperOut: true}, PaperOut, nil},
		{"paused with three formats", answer("030,0,1,1245,003,0,0,0,000,0,0,0", good2), Status{Paused: true, Formats: 3}, Paused, nil},
		{"head up weighs most", answer("030,1,1,1245,000,1,0,0,000,0,0,0", "000,0,1,1,0,2,4,0,00000012,1,000"),
			Status{PaperOut: true, Paused: true, BufferFull: true, HeadOpen: true, RibbonOut: true, Left: 12}, HeadOpen, nil},
		{"hot", answer("030,0,0,1245,000,0,0,0,000,0,0,1", good2), Status{Hot: true}, Hot, nil},
		{"cold", answer("030,0,0,1245,000,0,0,0,000,0,1,0", good2), Status{Cold: true}, Cold, nil},
		{"memory", answer("030,0,0,1245,000,0,0,0,000,1,0,0", good2), Status{Corrupt: true}, Corrupt, nil},
		{"after junk", "\r\nhello" + answer(good1, good2), Status{}, Ready, nil},
		{"half", answer(good1, good2)[:50], Status{}, "", errShort},
		{"nothing", "", Status{}, "", errShort},
		{"too few fields", answer("030,0,0", good2), Status{}, "", errAnswer},
		{"flag is no flag", answer("030,x,0,1245,000,0,0,0,000,0,0,0", good2), Status{}, "", errAnswer},
		{"negative count", answer("030,0,0,1245,-01,0,0,0,000,0,0,0", good2), Status{}, "", errAnswer},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseStatus([]byte(tc.in))
			if !errors.Is(err, tc.err) {
				t.Fatalf("%v, want %v", err, tc.err)
			}
			if err == nil && (got != tc.want || got.State() != tc.state) {
				t.Errorf("%+v %s, want %+v %s", got, got.State(), tc.want, tc.state)
			}
		})
	}
}

// Whatever a printer says, reading it ends in a status with sane counts or in an error; and bytes before an answer change nothing.
func FuzzParseStatus(f *testing.F) {
	f.Add([]byte(answer("030,0,0,1245,000,0,0,0,000,0,0,0", "000,0,0,0,0,2,4,0,00000000,1,000")))
	f.Add([]byte("\x02\x03\x02\x03\x02\x03"))
	f.Add([]byte("\x02030,1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseStatus(b)
		if err != nil {
			if s != (Status{}) || !errors.Is(err, errShort) && !errors.Is(err, errAnswer) {
				t.Fatalf("%+v, %v", s, err)
			}
			return
		}
		if s.Formats < 0 || s.Left < 0 {
			t.Fatalf("%+v", s)
		}
		again, err := ParseStatus(append([]byte("\r\nready"), b...))
		if err != nil || again != s {
			t.Fatalf("%+v became %+v, %v", s, again, err)
		}
	})
}
