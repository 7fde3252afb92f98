package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// entry is a file or folder of the machine, from a file of the host or from data.
type entry struct {
	name string // without a leading slash
	from string
	data []byte
	dir  bool
	exec bool
}

// Modes of a cpio header.
const (
	modeDir    = 0o040755
	modeFile   = 0o100644
	modeExec   = 0o100755
	modeDevice = 0o020600
)

// writeInitrd writes a compressed cpio archive. The kernel opens /dev/console before it starts anything, so the archive has one.
func writeInitrd(path string, entries []entry) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(z)
	if err := writeArchive(b, entries); err != nil {
		return err
	}
	return errors.Join(b.Flush(), z.Close())
}

// writeArchive writes the format "newc" (Documentation/driver-api/early-userspace/buffer-format.rst).
func writeArchive(w io.Writer, entries []entry) error {
	a := &archive{w: w, inode: 1}
	for _, e := range entries {
		mode, data := modeFile, e.data
		switch {
		case e.dir:
			mode = modeDir
		case e.exec:
			mode = modeExec
		}
		if e.from != "" {
			var err error
			if data, err = os.ReadFile(e.from); err != nil {
				return err
			}
		}
		a.add(path.Clean(e.name), mode, data, 0, 0)
	}
	a.add("dev/console", modeDevice, nil, 5, 1)
	a.inode = 0
	a.add("TRAILER!!!", 0, nil, 0, 0)
	return a.err
}

type archive struct {
	w     io.Writer
	n     int
	inode int
	err   error
}

func (a *archive) add(name string, mode int, data []byte, major, minor int) {
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", a.inode, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name)+1, 0)
	a.inode++
	a.write([]byte(header + name + "\x00"))
	a.pad()
	a.write(data)
	a.pad()
}

// pad fills up to a multiple of four.
func (a *archive) pad() { a.write(make([]byte, (4-a.n%4)%4)) }

func (a *archive) write(b []byte) {
	if a.err == nil {
		_, a.err = a.w.Write(b)
		a.n += len(b)
	}
}
