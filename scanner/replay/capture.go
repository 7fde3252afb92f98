package replay

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Chunk is the bytes of one read.
type Chunk struct {
	At   time.Duration
	Data []byte
}

// Parse reads a capture.
func Parse(r io.Reader) ([]Chunk, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 4<<20)
	var out []Chunk
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		c, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("capture line %d: %w", n, err)
		}
		if len(out) > 0 && c.At < out[len(out)-1].At {
			return nil, fmt.Errorf("capture line %d: time runs backwards", n)
		}
		out = append(out, c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	return out, nil
}

func parseLine(line string) (Chunk, error) {
	at, quoted, ok := strings.Cut(line, " ")
	if !ok {
		return Chunk{}, fmt.Errorf("want milliseconds, a space and a quoted string")
	}
	ms, err := strconv.ParseFloat(at, 64)
	if err != nil || !(ms >= 0 && ms <= 1e10) { // NaN fails both
		return Chunk{}, fmt.Errorf("%q is no number of milliseconds", at)
	}
	data, err := strconv.Unquote(strings.TrimSpace(quoted))
	if err != nil {
		return Chunk{}, fmt.Errorf("%.40s is no quoted string", quoted)
	}
	return Chunk{At: time.Duration(ms * float64(time.Millisecond)), Data: []byte(data)}, nil
}

// Line writes a chunk as a line of a capture.
func (c Chunk) Line() string {
	return fmt.Sprintf("%.1f %s\n", float64(c.At)/float64(time.Millisecond), quote(c.Data))
}

// quote keeps every byte: strconv.Quote does so for invalid UTF-8 too, as \xNN.
func quote(b []byte) string { return strconv.Quote(string(b)) }
