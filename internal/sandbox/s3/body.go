package s3

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	streamed   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	trailing   = streamed + "-TRAILER"
	emptySum   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	mostObject = 64 << 20 // bytes: it is all in memory
)

var errIncomplete = refusal{http.StatusBadRequest, "IncompleteBody"}

// body reads what a request carries and checks that it is what was signed.
func body(r *http.Request, by signed) ([]byte, error) {
	in := io.LimitReader(r.Body, mostObject)
	switch said := r.Header.Get("X-Amz-Content-Sha256"); said {
	case streamed, trailing:
		b, err := by.chunks(bufio.NewReader(in), said == trailing)
		if err == nil && r.Header.Get("X-Amz-Decoded-Content-Length") != strconv.Itoa(len(b)) {
			err = errIncomplete
		}
		return b, err
	default: // UNSIGNED-PAYLOAD is for TLS, which this is not
		b, err := io.ReadAll(in)
		if err != nil {
			return nil, errIncomplete
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != said {
			return nil, errHash
		}
		return b, nil
	}
}

// chunks reads a body in signed chunks: size in hexadecimal, its signature, the bytes. Each signature covers the one before it; the last chunk is empty.
func (s signed) chunks(r *bufio.Reader, trailer bool) ([]byte, error) {
	var out []byte
	before := s.signature
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, errIncomplete
		}
		size, signature, ok := strings.Cut(strings.TrimSuffix(line, "\r\n"), ";chunk-signature=")
		n, err := strconv.ParseUint(size, 16, 31)
		if err != nil || !ok {
			return nil, errIncomplete
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, errIncomplete
		}
		sum := sha256.Sum256(data)
		want := s.sign(strings.Join([]string{algorithm + "-PAYLOAD", s.date, s.scope, before, emptySum, hex.EncodeToString(sum[:])}, "\n"))
		if !hmac.Equal([]byte(want), []byte(signature)) {
			return nil, errSignature
		}
		before = signature
		if n == 0 {
			break
		}
		out = append(out, data...)
		if end, err := r.ReadString('\n'); err != nil || end != "\r\n" {
			return nil, errIncomplete
		}
	}
	if trailer {
		return out, s.trailer(r, before, out)
	}
	return out, nil
}

// trailer reads the checksum behind a body, and its signature.
func (s signed) trailer(r *bufio.Reader, before string, data []byte) error {
	var lines bytes.Buffer
	signature := ""
	for {
		line, err := r.ReadString('\n')
		text := strings.TrimRight(line, "\r\n")
		if name, value, ok := strings.Cut(text, ":"); ok && name == "x-amz-trailer-signature" {
			signature = value
			break
		} else if ok {
			lines.WriteString(text + "\n")
			if name == "x-amz-checksum-crc32c" && value != crc(data) {
				return refusal{http.StatusBadRequest, "BadDigest"}
			}
		}
		if err != nil {
			return errIncomplete
		}
	}
	sum := sha256.Sum256(lines.Bytes())
	want := s.sign(strings.Join([]string{algorithm + "-TRAILER", s.date, s.scope, before, hex.EncodeToString(sum[:])}, "\n"))
	if !hmac.Equal([]byte(want), []byte(signature)) {
		return errSignature
	}
	return nil
}

func crc(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))))
}
