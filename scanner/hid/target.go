package hid

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/plug"
	"github.com/backdock/backdock/scanner/usb"
)

// Faults an operator can mend.
const (
	CodeDenied = string(scanner.DeviceDenied)
	CodeBusy   = string(scanner.DeviceBusy)
	codeHeld   = string(scanner.DeviceKeyHeld)
	codeNoKeys = string(scanner.DeviceNoKeys)
	codeNoPOS  = string(scanner.DeviceNoPOS)
	codeEnable = string(scanner.DeviceEnable)
)

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
	var named []usb.Named
	for _, f := range all {
		if f.Kind == kind {
			named = append(named, usb.Named{Path: f.Node, Device: f.Device})
		}
	}
	return usb.Find(t.Match, string(kind)+" scanner", named)
}

// guarded is a stream that can be told that its device is gone, where its reads do not say so.
type guarded interface {
	io.ReadWriteCloser
	guard(plug.Config, *plug.Identity)
}

// wait tries to open at every change until the device is there, and watches over it from then on.
func (t Target) wait(ctx context.Context, find func() (string, error), try func(ctx context.Context, path string) (guarded, error)) (io.ReadWriteCloser, error) {
	config := t.Watch
	if t.Path != "" {
		config.Files = append(slices.Clone(config.Files), t.Path)
	}
	watch := plug.Start(config) // before the first look, so that nothing comes in between
	defer watch.Close()
	var who *plug.Identity
	s, err := usb.Await(ctx, watch, func() (guarded, error) {
		path, err := find()
		if err != nil {
			return nil, err
		}
		who = usb.Identify(path, t.Path != "") // before opening: if the device is exchanged in between, the guard notices
		return try(ctx, path)
	})
	if err != nil {
		return nil, err
	}
	s.guard(config, who)
	return s, nil
}
