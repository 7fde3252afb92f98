package replay

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/backdock/backdock/scanner"
)

// Chunk is the bytes of one read.
type Chunk struct {
	At   time.Duration
	Data []byte
}

// Capture is what one scanner sent.
type Capture struct {
	As     scanner.Encoding // of the chunks; empty for text
	Chunks []Chunk
}

// Encoding is what the chunks are.
func (c Capture) Encoding() scanner.Encoding { return c.As }

// encodingMark begins the line that tells the encoding.
const encodingMark = "!"

// Head writes the lines that begin a capture of a scanner.
func Head(url string, e scanner.Encoding) string {
	head := "# " + strings.Join(strings.Fields(url), " ") + "\n"
	if e != "" {
		head += encodingMark + string(e) + "\n"
	}
	return head
}

// Parse reads a capture.
func Parse(r io.Reader) (Capture, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 4<<20)
	var out Capture
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if e, ok := strings.CutPrefix(line, encodingMark); ok {
			if len(out.Chunks) > 0 || out.As != "" || e == "" {
				return Capture{}, fmt.Errorf("capture line %d: one encoding belongs before the first bytes", n)
			}
			out.As = scanner.Encoding(e)
			continue
		}
		c, err := parseLine(line)
		if err != nil {
			return Capture{}, fmt.Errorf("capture line %d: %w", n, err)
		}
		if len(out.Chunks) > 0 && c.At < out.Chunks[len(out.Chunks)-1].At {
			return Capture{}, fmt.Errorf("capture line %d: time runs backwards", n)
		}
		out.Chunks = append(out.Chunks, c)
	}
	if err := lines.Err(); err != nil {
		return Capture{}, fmt.Errorf("capture: %w", err)
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
