package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// shelf is the modules of a kernel by name, hyphens being underscores.
type shelf struct {
	files   map[string]string
	builtin map[string]bool
	depends func(file string) ([]string, error)
}

// squeezed are the compressions that distributions use for modules, with the program that undoes each.
var squeezed = map[string]string{".xz": "xz", ".zst": "zstd", ".gz": "gzip"}

// shelve looks at an unpacked kernel and undoes the compression of its modules.
func shelve(ctx context.Context, dir string) (shelf, error) {
	s := shelf{files: map[string]string{}, builtin: map[string]bool{}, depends: depends}
	all, err := os.ReadDir(dir)
	if err != nil {
		return s, err
	}
	for _, e := range all {
		file := filepath.Join(dir, e.Name())
		if tool := squeezed[filepath.Ext(file)]; tool != "" {
			if said, err := exec.CommandContext(ctx, tool, "-df", file).CombinedOutput(); err != nil {
				return s, fmt.Errorf("%s -df %s: %w\n%s", tool, file, err, said)
			}
			file = strings.TrimSuffix(file, filepath.Ext(file))
		}
		if strings.HasSuffix(file, ".ko") {
			s.files[moduleName(file)] = file
		}
	}
	list, err := os.ReadFile(filepath.Join(dir, "modules.builtin"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return s, err
	}
	for line := range strings.Lines(string(list)) {
		s.builtin[moduleName(strings.TrimSpace(line))] = true
	}
	return s, nil
}

func moduleName(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".ko"), "-", "_")
}

// order gives the files of modules and of all that they depend on, each behind what it depends on.
func (s shelf) order(names []string) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	var add func(string) error
	add = func(name string) error {
		name = strings.ReplaceAll(name, "-", "_")
		if seen[name] || s.builtin[name] {
			return nil
		}
		seen[name] = true
		file, ok := s.files[name]
		if !ok {
			return fmt.Errorf("this kernel has no module %s: choose a full one (not -cloud), with BACKDOCK_VM_KERNEL=FILE", name)
		}
		needs, err := s.depends(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, n := range needs {
			if err := add(n); err != nil {
				return fmt.Errorf("%s needs it: %w", name, err)
			}
		}
		out = append(out, file)
		return nil
	}
	for _, n := range names {
		if err := add(n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// depends reads what a module says of itself.
func depends(file string) ([]string, error) {
	f, err := elf.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info := f.Section(".modinfo")
	if info == nil {
		return nil, errors.New("this is no kernel module")
	}
	b, err := info.Data()
	if err != nil {
		return nil, err
	}
	return dependsOf(string(b)), nil
}

// dependsOf reads the section .modinfo: key=value, each ended by NUL.
func dependsOf(info string) []string {
	for line := range strings.SplitSeq(info, "\x00") {
		if list, ok := strings.CutPrefix(line, "depends="); ok && list != "" {
			return strings.Split(list, ",")
		}
	}
	return nil
}
