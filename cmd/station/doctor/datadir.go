package doctor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/backdock/backdock/cmd/station/attached"
	"github.com/backdock/backdock/internal/clock"
)

// dataDir measures what every scan waits for, with a file of its own that it removes.
func dataDir(dir string) DataDir {
	d := DataDir{Dir: dir}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		d.Missing = true
		return d
	}
	d.Free, d.FreeErr = free(dir)
	d.Foreign, d.Whose = foreign(dir)
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		d.Err = err
		return d
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var took []int64
	for range 15 {
		begin := clock.Mono()
		_, err := f.Write(make([]byte, 300)) // about one scan
		if err = errors.Join(err, f.Sync()); err != nil {
			d.SyncErr = err
			return d
		}
		took = append(took, clock.Mono()-begin)
	}
	slices.Sort(took)
	d.Sync = time.Duration(took[len(took)/2]) * time.Microsecond
	return d
}

// foreign finds a file that the directory's owner does not own: what an enrolment by another user leaves behind.
func foreign(dir string) (file, whose string) {
	want, ok := owner(dir)
	if !ok {
		return "", ""
	}
	// A part that cannot be read is the write test's trouble.
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if uid, ok := owner(path); ok && uid != want {
			file, whose = path, attached.User(uid)
			return fs.SkipAll
		}
		return nil
	})
	return file, whose
}
