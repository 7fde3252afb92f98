package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/backdock/backdock/internal/clock"
)

// tmpFolder holds files that are being written; they never become visible before they are whole.
const tmpFolder = "tmp"

// Disk keeps files in a folder: family/ab/cd/abcd…, so that no directory grows beyond what file systems like.
type Disk struct{ root string }

// stale is how old a half-written file is when nobody can be writing it any more.
const stale = 24 * time.Hour

// NewDisk opens a folder, and makes it if it is not there. What an earlier process left half written is removed once it is a day old.
func NewDisk(root string) (*Disk, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("evidence folder: %w", err)
	}
	if err := makeFolder(root); err != nil {
		return nil, fmt.Errorf("evidence folder: %w", err)
	}
	if err := makeFolder(filepath.Join(root, tmpFolder)); err != nil {
		return nil, fmt.Errorf("evidence folder: %w", err)
	}
	d := &Disk{root: root}
	return d, d.tidy(clock.System{}.Now().Add(-stale))
}

// tidy removes half-written files from before a time. Several processes may share a folder, so the young ones are left alone.
func (d *Disk) tidy(before time.Time) error {
	left, err := filepath.Glob(filepath.Join(d.root, tmpFolder, "put-*"))
	if err != nil {
		return fmt.Errorf("evidence folder: %w", err)
	}
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && info.ModTime().Before(before) {
			_ = os.Remove(path) // another process may have been faster
		}
	}
	return nil
}

func (d *Disk) path(key string) string {
	family, name, _ := strings.Cut(key, "/")
	return filepath.Join(d.root, family, name[:2], name[2:4], name)
}

// Put writes size bytes of r under key and returns when they would survive a power cut. A file that is there already is replaced: its key names its content.
func (d *Disk) Put(ctx context.Context, key string, r io.Reader, size int64) (err error) {
	if err := check(key); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Join(d.root, tmpFolder), "put-*")
	if err != nil {
		return full(fmt.Errorf("put %s: %w", key, err))
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = full(fmt.Errorf("put %s: %w", key, err))
		}
	}()
	n, err := io.Copy(f, &patientReader{ctx, r})
	if err == nil && n != size {
		err = fmt.Errorf("got %d bytes of %d: %w", n, size, io.ErrUnexpectedEOF)
	}
	// The row that names this file is committed after Put: it must never promise what a power cut can take back.
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	to := d.path(key)
	if err = makeFolder(filepath.Dir(to)); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// Open opens a file; ErrNotFound when there is none.
func (d *Disk) Open(_ context.Context, key string) (io.ReadSeekCloser, error) {
	if err := check(key); err != nil {
		return nil, err
	}
	f, err := os.Open(d.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", key, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	return f, nil
}

// Delete removes a file; one that is not there is removed already.
func (d *Disk) Delete(_ context.Context, key string) error {
	if err := check(key); err != nil {
		return err
	}
	path := d.path(key)
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// List calls fn for every file of a family.
func (d *Disk) List(ctx context.Context, family string, fn func(Info) error) error {
	err := filepath.WalkDir(filepath.Join(d.root, family), func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // removed meanwhile, or nothing of this family was ever kept
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case e.IsDir():
			return nil
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		key := family + "/" + e.Name()
		if check(key) != nil {
			return nil // not a file of ours
		}
		return fn(Info{Key: key, Size: info.Size(), Modified: info.ModTime()})
	})
	if err != nil {
		return fmt.Errorf("list %s: %w", family, err)
	}
	return nil
}

// makeFolder makes a folder with what lies above it, and makes each entry last: a file in a folder that a power cut took back is lost with it.
func makeFolder(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(parent)
}

// syncFolder makes entries of a folder last. Windows knows no such thing and needs none.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// patientReader stops reading when the context ends: a copy of a long video is no reason to outlive the process's will.
type patientReader struct {
	ctx context.Context
	r   io.Reader
}

func (p *patientReader) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		return 0, context.Cause(p.ctx)
	}
	return p.r.Read(b)
}
