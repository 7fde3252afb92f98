package plug

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// listing renders the names that come and go with devices, and who is behind them: a device that was exchanged for another of the same name has another
// inode. Times are left out: reading a terminal changes them.
func (c Config) listing() string {
	var b strings.Builder
	sys, dev := c.SysDir(), c.DevDir()
	for _, class := range []string{"tty", "hidraw", "input"} {
		names(&b, filepath.Join(sys, "class", class), nil)
	}
	names(&b, dev, []string{"tty", "hidraw"})
	names(&b, filepath.Join(dev, "input"), []string{"event"})
	for _, dir := range []string{"by-id", "by-path"} {
		names(&b, filepath.Join(dev, "serial", dir), nil)
	}
	for _, f := range c.Files {
		entry(&b, f)
	}
	return b.String()
}

// names adds a directory's entries whose names begin with one of the prefixes, or all. A directory that is not there has none.
func names(b *strings.Builder, dir string, prefixes []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	fmt.Fprintf(b, "%s:\n", dir)
	for _, e := range entries {
		wanted := len(prefixes) == 0
		for _, p := range prefixes {
			wanted = wanted || strings.HasPrefix(e.Name(), p)
		}
		if wanted && !console(e.Name()) {
			entry(b, filepath.Join(dir, e.Name()))
		}
	}
}

// console reports whether a name is one of the 64 virtual consoles, which never come or go.
func console(name string) bool {
	number, ok := strings.CutPrefix(name, "tty")
	return ok && strings.Trim(number, "0123456789") == ""
}

// entry adds one file: its name, where it points, and what is there.
func entry(b *strings.Builder, path string) {
	info, err := os.Lstat(path)
	if err != nil {
		return
	}
	fmt.Fprintf(b, " %s %d", path, inode(info))
	if info.Mode()&os.ModeSymlink != 0 {
		to, _ := os.Readlink(path) // gone meanwhile: the next look tells
		b.WriteString(" " + to)
		if behind, err := os.Stat(path); err == nil {
			fmt.Fprintf(b, " %d", inode(behind))
		}
	}
	b.WriteByte('\n')
}
