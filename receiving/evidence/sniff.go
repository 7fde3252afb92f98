package evidence

import (
	"bytes"
	"slices"

	"github.com/backdock/backdock/internal/fault"
)

// head is how much of a file tells its type.
const head = 64

// videoBrands are the kinds of MP4 that browsers record and play; other ISO files (HEIC, QuickTime) have a box of the same name and other brands.
var videoBrands = []string{"isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "dash", "M4V "}

// typeOf tells what a file is by its first bytes, whatever it is called. Empty: nothing that is taken.
func typeOf(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return "image/webp"
	case bytes.HasPrefix(b, []byte("\x1aE\xdf\xa3")) && bytes.Contains(b[:min(len(b), head)], []byte("\x42\x82\x84webm")):
		return "video/webm" // EBML with document type "webm", four letters; Matroska says "matroska"
	case len(b) >= 12 && string(b[4:8]) == "ftyp" && slices.Contains(videoBrands, string(b[8:12])):
		return "video/mp4"
	}
	return ""
}

// fits checks that a file's beginning is something that may be evidence of a kind.
func fits(kind string, b []byte) (string, error) {
	t := typeOf(b)
	video := t == "video/webm" || t == "video/mp4"
	if t == "" || video != (kind == Video) {
		return "", fault.New(fault.Invalid, "evidence_type", "photos are JPEG, PNG or WebP and videos are WebM or MP4; by its content this is none of them").With("kind", kind)
	}
	return t, nil
}
