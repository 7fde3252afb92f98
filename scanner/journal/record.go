package journal

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	headerLen = 16
	// MaxPayload bounds a record; a length beyond it is garbage. The longest scan (8 KiB raw, 16 KiB of text that JSON escapes sixfold) fits.
	MaxPayload = 256 << 10
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	magic      = [8]byte{'B', 'D', 'L', 'O', 'G', 0, 0, 1}
)

// appendRecord adds one record to b.
func appendRecord(b []byte, seq uint64, payload []byte) []byte {
	at := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint64(b, seq)
	b = append(b, payload...)
	binary.LittleEndian.PutUint32(b[at+4:], checksum(b[at:]))
	return b
}

// readRecord reads the record at the start of b. size is what it occupies; ok is false for anything but a whole record with a right checksum.
func readRecord(b []byte) (seq uint64, payload []byte, size int, ok bool) {
	if len(b) < headerLen {
		return 0, nil, 0, false
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if n == 0 || n > MaxPayload || headerLen+n > int64(len(b)) {
		return 0, nil, 0, false
	}
	size = headerLen + int(n)
	if binary.LittleEndian.Uint32(b[4:]) != checksum(b[:size]) {
		return 0, nil, 0, false
	}
	return binary.LittleEndian.Uint64(b[8:]), b[headerLen:size], size, true
}

// checksum covers a record but for the checksum itself.
func checksum(record []byte) uint32 {
	sum := crc32.Update(0, castagnoli, record[:4])
	return crc32.Update(sum, castagnoli, record[8:])
}
