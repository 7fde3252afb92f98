package hid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"strings"
	"time"
)

const (
	// scanPause is how often a missing device is looked for.
	scanPause = 300 * time.Millisecond
	// rulePause is how long a new device may refuse this user: udev gives permission a moment after the kernel makes the file.
	rulePause = time.Second
)

// Target names one device: by its file, or by what it is.
type Target struct {
	Path string // device file, or empty to look for Match
	Match
	Sys string // root of sysfs; "/sys" when empty
}

// Match names a device by identity. Empty fields match anything, but one must be set.
type Match struct{ VID, PID, Serial string }

func target(u *url.URL) (Target, error) {
	q := u.Query()
	t := Target{Path: u.Path, Match: Match{VID: strings.ToLower(q.Get("vid")), PID: strings.ToLower(q.Get("pid")), Serial: q.Get("sn")}}
	switch {
	case u.Host != "" || u.Opaque != "":
		return t, fmt.Errorf("%s URL %q: write %s:///dev/… with three slashes, or %s://?vid=…&pid=…", u.Scheme, u, u.Scheme, u.Scheme)
	case t.Path == "" && t.Match == (Match{}):
		return t, fmt.Errorf("%s URL %q names no device: give a device file, or vid, pid and sn", u.Scheme, u)
	case t.Path != "" && t.Match != (Match{}):
		return t, fmt.Errorf("%s URL %q names a device file and a device: choose one", u.Scheme, u)
	}
	return t, nil
}

func (t Target) sys() string {
	if t.Sys != "" {
		return t.Sys
	}
	return "/sys"
}

// find names the device file. The error is fs.ErrNotExist while the device is not there.
func (t Target) find(kind Kind) (string, error) {
	if t.Path != "" {
		return t.Path, nil
	}
	all, err := List(t.sys())
	if err != nil {
		return "", err
	}
	var found []Found
	for _, f := range all {
		if f.Kind == kind && (t.VID == "" || t.VID == f.VID) && (t.PID == "" || t.PID == f.PID) && (t.Serial == "" || t.Serial == f.Serial) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return "", fs.ErrNotExist
	case 1:
		return found[0].Node, nil
	}
	return "", fmt.Errorf("%d devices match (%s and %s): add sn= to tell them apart, or name the file below /dev/input/by-id", len(found), found[0].Node, found[1].Node)
}

// wait tries to open until the device is there.
func wait(ctx context.Context, try func(context.Context) (io.ReadWriteCloser, error)) (io.ReadWriteCloser, error) {
	for refused := time.Duration(0); ; {
		s, err := try(ctx)
		switch {
		case err == nil:
			return s, nil
		case errors.Is(err, fs.ErrNotExist):
			refused = 0
		case errors.Is(err, fs.ErrPermission) && refused < rulePause:
			refused += scanPause
		default:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(scanPause):
		}
	}
}
