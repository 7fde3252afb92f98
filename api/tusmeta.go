package api

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/receiving/evidence"
	"github.com/backdock/backdock/scanner"
)

// maxMetadata bounds Upload-Metadata, in bytes.
const maxMetadata = 4096

// about is what an upload says about itself (Upload-Metadata), as it was written.
type about struct {
	facts               evidence.Facts
	parcel, unit, bench string // numbers as people use them; who calls says whether they exist
}

// parseMetadata reads Upload-Metadata as tus defines it: pairs of a key and a base64 value, separated by commas; a key may stand without a value. The same key twice
// is refused. Keys that we do not know are the client's own affair.
func parseMetadata(header string) (map[string]string, error) {
	out := map[string]string{}
	if len(header) > maxMetadata {
		return nil, badMetadata("", "has at most %d bytes", maxMetadata)
	}
	if strings.TrimSpace(header) == "" {
		return out, nil
	}
	for pair := range strings.SplitSeq(header, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		if key == "" {
			return nil, badMetadata("", "has a pair without a key")
		}
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if err != nil || !plain(string(raw)) || !plain(key) {
			return nil, badMetadata(key, "holds a value that is not base64 of text")
		}
		if _, twice := out[key]; twice {
			return nil, badMetadata(key, "holds a key twice")
		}
		out[key] = string(raw)
	}
	return out, nil
}

func badMetadata(field, format string, args ...any) error {
	err := fault.New(fault.Invalid, "upload_metadata", "Upload-Metadata "+format, args...)
	if field != "" && len(field) <= 40 && plain(field) {
		return err.With("field", field)
	}
	return err
}

// parseAbout makes facts of metadata.
func parseAbout(m map[string]string) (about, error) {
	a := about{parcel: m["parcel"], unit: m["unit"], bench: m["bench"], facts: evidence.Facts{Kind: m["kind"], Producer: m["producer"], Hash: strings.ToLower(m["sha256"])}}
	var err error
	if a.facts.CapturedAt, err = time.Parse(time.RFC3339Nano, m["captured_at"]); err != nil || a.facts.CapturedAt.Year() < 2000 || a.facts.CapturedAt.Year() > 2200 {
		return a, badMetadata("captured_at", "says when the picture was taken: captured_at, RFC 3339")
	}
	a.facts.CapturedAt = a.facts.CapturedAt.UTC().Truncate(time.Microsecond)
	for _, n := range []struct {
		key  string
		to   *int64
		most int64
		low  int64
	}{{"seq", &a.facts.Seq, 1 << 53, 0}, {"duration_ms", &a.facts.DurationMS, 24 * 3_600_000, 0}, {"offset_ms", &a.facts.OffsetMS, 10 * 365 * 86_400_000, -10 * 365 * 86_400_000}} {
		text, given := m[n.key]
		if !given {
			continue
		}
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil || v < n.low || v > n.most {
			return a, badMetadata(n.key, "holds a number that is none, or far too large")
		}
		*n.to = v
	}
	if b, err := hex.DecodeString(a.facts.Producer); err != nil || a.facts.Producer != "" && len(b) != 16 {
		return a, badMetadata("producer", "names a producer that is none")
	}
	if (a.facts.Producer == "") != (a.facts.Seq == 0) {
		return a, badMetadata("seq", "names a scan by producer and seq, both")
	}
	if a.unit != "" {
		if _, ok := scanner.PlateNumber(strings.ToUpper(a.unit)); !ok {
			return a, badMetadata("unit", "names a piece by its plate")
		}
	}
	return a, nil
}
