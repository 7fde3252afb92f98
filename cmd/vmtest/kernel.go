package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// kernel is what is needed of a Debian kernel package.
type kernel struct {
	Version string   // 6.1.0-50-amd64
	Image   string   // vmlinuz
	Modules []string // files, in an order in which they can be loaded
}

// wanted are the modules of the recipe; what they depend on comes with them.
var wanted = []string{"evdev", "uinput", "hid_generic", "uhid", "usbhid", "xhci_pci", "ftdi_sio", "cdc_acm", "configfs", "dummy_hcd", "libcomposite", "usb_f_acm"}

// useful are the folders of a kernel package that can hold them.
var useful = []string{"drivers/hid/", "drivers/usb/", "drivers/input/", "fs/configfs/", "lib/", "arch/x86/"}

// prepare finds, downloads or unpacks the kernel.
func prepare(ctx context.Context, cache, deb string, out io.Writer) (kernel, error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return kernel{}, err
	}
	if deb == "" {
		var err error
		if deb, err = download(ctx, cache, out); err != nil {
			return kernel{}, err
		}
	}
	dir := filepath.Join(cache, strings.TrimSuffix(filepath.Base(deb), ".deb"))
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if err := unpack(ctx, deb, dir); err != nil {
			return kernel{}, fmt.Errorf("unpack %s: %w", deb, err)
		}
	}
	return open(ctx, dir)
}

// download asks apt for the kernel that the meta-package names. It installs nothing.
func download(ctx context.Context, cache string, out io.Writer) (string, error) {
	if have, _ := filepath.Glob(filepath.Join(cache, "linux-image-*.deb")); len(have) > 0 {
		return have[len(have)-1], nil
	}
	const help = "give a Debian linux-image .deb of this machine's kind with BACKDOCK_VM_KERNEL=FILE (https://packages.debian.org/linux-image-amd64)"
	names, err := exec.CommandContext(ctx, "apt-cache", "depends", "--no-recommends", "--no-suggests", "linux-image-amd64").Output()
	if err != nil {
		return "", fmt.Errorf("apt-cache knows no linux-image-amd64 (%w): %s", err, help)
	}
	for line := range strings.Lines(string(names)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: ")
		if !ok || !strings.HasPrefix(name, "linux-image-") {
			continue
		}
		fmt.Fprintf(out, "vmtest: downloading %s (70 MB, not installed)\n", name)
		cmd := exec.CommandContext(ctx, "apt-get", "download", "-qq", name)
		cmd.Dir = cache
		if said, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("apt-get download %s: %w\n%s\nrun apt-get update, or %s", name, err, said, help)
		}
		if have, _ := filepath.Glob(filepath.Join(cache, "linux-image-*.deb")); len(have) > 0 {
			return have[len(have)-1], nil
		}
	}
	return "", errors.New("apt-get downloaded no kernel: " + help)
}

// unpack takes the image and the useful modules out of a package.
func unpack(ctx context.Context, deb, dir string) error {
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	cmd.Stderr = os.Stderr
	files, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	part := dir + ".part"
	if err = errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o755)); err == nil {
		err = extract(files, part)
	}
	_, rest := io.Copy(io.Discard, files)
	if err := errors.Join(err, rest, cmd.Wait()); err != nil {
		return err
	}
	return os.Rename(part, dir)
}

// extract keeps files flat: their base names are unique among what is useful.
func extract(from io.Reader, dir string) error {
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || !isUseful(h.Name) {
			continue
		}
		f, err := os.Create(filepath.Join(dir, path.Base(h.Name)))
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
}

func isUseful(name string) bool {
	if base := path.Base(name); strings.HasPrefix(base, "vmlinuz-") || base == "modules.builtin" {
		return true
	}
	_, in, ok := strings.Cut(name, "/kernel/")
	if !ok || !strings.Contains(path.Base(name), ".ko") {
		return false
	}
	for _, u := range useful {
		if strings.HasPrefix(in, u) {
			return true
		}
	}
	return false
}

// open reads an unpacked kernel.
func open(ctx context.Context, dir string) (kernel, error) {
	images, err := filepath.Glob(filepath.Join(dir, "vmlinuz-*"))
	if err != nil || len(images) != 1 {
		return kernel{}, fmt.Errorf("%s holds %d kernels: is it a linux-image package? (remove the folder to try again)", dir, len(images))
	}
	k := kernel{Image: images[0], Version: strings.TrimPrefix(filepath.Base(images[0]), "vmlinuz-")}
	s, err := shelve(ctx, dir)
	if err != nil {
		return kernel{}, err
	}
	k.Modules, err = s.order(wanted)
	return k, err
}
