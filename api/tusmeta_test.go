package api

import (
	"encoding/base64"
	"testing"

	"github.com/backdock/backdock/internal/fault"
)

// Whatever a client writes into Upload-Metadata is facts that make sense, or a clear refusal.
func FuzzUploadMetadata(f *testing.F) {
	text := base64.StdEncoding.EncodeToString
	f.Add("kind " + text([]byte("photo")) + ",captured_at " + text([]byte("2026-11-23T02:00:00Z")) + ",producer " + text([]byte("abababababababababababababababab")) + ",seq " + text([]byte("7")))
	f.Add("unit " + text([]byte("U0000000011")) + ", is_confidential,offset_ms " + text([]byte("-5")))
	f.Add(",, ,=")
	f.Add("kind \xff,kind")
	f.Fuzz(func(t *testing.T, header string) {
		pairs, err := parseMetadata(header)
		if err == nil {
			_, err = checked(t, pairs)
		}
		if err != nil && fault.Code(err) != "upload_metadata" {
			t.Fatalf("%q: %v", header, err)
		}
	})
}

func checked(t *testing.T, pairs map[string]string) (about, error) {
	a, err := parseAbout(pairs)
	if err != nil {
		return a, err
	}
	f := a.facts
	if f.Seq < 0 || f.DurationMS < 0 || (f.Producer == "") != (f.Seq == 0) || f.CapturedAt.IsZero() || len(f.Producer) != 0 && len(f.Producer) != 32 {
		t.Fatalf("%v gives %+v", pairs, a)
	}
	return a, nil
}
