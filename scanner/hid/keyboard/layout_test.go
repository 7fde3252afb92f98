package keyboard

import (
	"bufio"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner/hid/hidtest"
)

func mustQuery(t *testing.T, s string) url.Values {
	t.Helper()
	q, err := url.ParseQuery(s)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// Every printable ASCII character can be typed in every layout, by the keys that an independent description of the layout names.
func TestPrintableASCII(t *testing.T) {
	t.Parallel()
	for _, name := range Layouts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := os.Open("testdata/" + name + ".tsv")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			seen := map[byte]bool{}
			for lines := bufio.NewScanner(f); lines.Scan(); {
				cells := strings.Split(lines.Text(), "\t")
				if len(cells) < 3 {
					continue // comment
				}
				code, err := strconv.ParseUint(cells[1], 10, 16)
				if err != nil {
					t.Fatal(err)
				}
				keys := hidtest.Typing()
				switch cells[2] {
				case "0":
					keys.Tap(uint16(code))
				case "1":
					keys.With(keyLeftShift, uint16(code))
				case "2":
					keys.With(keyRightAlt, uint16(code))
				default:
					t.Fatalf("line %q", lines.Text())
				}
				if len(cells) == 4 {
					keys.Tap(keySpace)
				}
				s, p := settings(t, "layout="+name+"&noread=none")
				if got, want := render(New(s, p, 0).Write(keys.Enter().B, 0)), `complete `+strconv.Quote(cells[0]); got != want {
					t.Errorf("key %d at level %s gave %s, want %s", code, cells[2], got, want)
				}
				seen[cells[0][0]] = true
			}
			for c := byte(' '); c <= '~'; c++ {
				if !seen[c] {
					t.Errorf("the description has no %q", c)
				}
			}
		})
	}
}

// The tables are written by hand: each row must have a character for each of its keys, and no character may stand at two places of one level.
func TestTablesAreWhole(t *testing.T) {
	t.Parallel()
	for name, table := range tables {
		for level, text := range [][4]string{table.plain, table.shift, table.altgr} {
			at := map[rune]bool{}
			for row, keys := range rows {
				chars := []rune(text[row])
				if len(chars) != len(keys) && (len(chars) > 0 || level != int(altgr) || table.altgr != [4]string{}) {
					t.Errorf("%s level %d row %d has %d characters for %d keys", name, level, row, len(chars), len(keys))
				}
				for _, c := range chars {
					if c != none && at[c] && !(c == '\\' || c == '|') {
						t.Errorf("%s level %d has %q twice", name, level, c)
					}
					at[c] = true
				}
			}
		}
	}
}
