package hid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/usb"
)

const (
	// rulePause is how long a new device may refuse this user: udev gives permission a moment after the kernel makes the file.
	rulePause = 1500 * time.Millisecond
	rulePoll  = 100 * time.Millisecond
)

// CodeDenied is the fault of a device that this user may not open.
const CodeDenied = "device_denied"

// Target names one device: by its file, or by what it is.
type Target struct {
	Path string // device file, or empty to look for Match
	usb.Match
	Watch plug.Config // where devices are, and how they are looked for
}

func target(u *url.URL) (Target, error) {
	m, err := usb.FromQuery(u.Query())
	if err != nil {
		return Target{}, fmt.Errorf("%s URL %q: %w", u.Scheme, u, err)
	}
	t := Target{Path: u.Path, Match: m}
	switch {
	case u.Host != "" || u.Opaque != "":
		return t, fmt.Errorf("%s URL %q: write %s:///dev/… with three slashes, or %s://?vid=…&pid=…", u.Scheme, u, u.Scheme, u.Scheme)
	case t.Path == "" && t.Match == (usb.Match{}):
		return t, fmt.Errorf("%s URL %q names no device: give a device file, or vid, pid and sn", u.Scheme, u)
	case t.Path != "" && t.Match != (usb.Match{}):
		return t, fmt.Errorf("%s URL %q names a device file and a device: choose one", u.Scheme, u)
	}
	return t, nil
}

// Within makes the driver look for its device below other roots: on a test's machine.
func (t *Target) Within(r plug.Roots) { t.Watch.Roots = r }

// find names the device file. The error is fs.ErrNotExist while the device is not there, usb.CodeAmbiguous when there are several.
func (t Target) find(kind Kind) (string, error) {
	if t.Path != "" {
		return t.Path, nil
	}
	all, err := List(t.Watch.Roots)
	if err != nil {
		return "", err
	}
	var found []usb.Named
	node := ""
	for _, f := range all {
		if f.Kind == kind && t.Fits(f.Device) {
			found, node = append(found, usb.Named{Name: filepath.Base(f.Node), Device: f.Device}), f.Node
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%s scanner of %s: %w", kind, t.Match, fs.ErrNotExist)
	case 1:
		return node, nil
	}
	return "", usb.Ambiguous(t.Match, found)
}

// wait tries to open at every change until the device is there.
func (t Target) wait(ctx context.Context, try func(context.Context) (io.ReadWriteCloser, error)) (io.ReadWriteCloser, error) {
	config := t.Watch
	if t.Path != "" {
		config.Files = append(slices.Clone(config.Files), t.Path)
	}
	watch := plug.Start(config) // before the first look, so that nothing comes in between
	defer watch.Close()
	for refused := time.Duration(0); ; {
		s, err := try(ctx)
		var retry <-chan time.Time
		switch {
		case err == nil:
			return s, nil
		case errors.Is(err, fs.ErrNotExist):
			refused = 0
		case errors.Is(err, fs.ErrPermission) && refused < rulePause:
			refused += rulePoll
			retry = time.After(rulePoll)
		default:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-watch.Changed():
		case <-retry:
		}
	}
}
