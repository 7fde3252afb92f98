package doctor

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/backdock/backdock/scanner/plug"
)

// programs is what runs on a machine and what each has open.
type programs struct {
	blind   bool                 // some programs' files could not be looked at
	names   map[int]string       // process → program
	holders map[string][]Process // file, socket:[inode] → who has it open
}

func (p programs) named(name string) bool {
	for _, n := range p.names {
		if n == name {
			return true
		}
	}
	return false
}

// under lists who has a file below a directory open.
func (p programs) under(dir string) []Process {
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	var out []Process
	for file, holders := range p.holders {
		if strings.HasPrefix(file, dir+string(filepath.Separator)) {
			out = append(out, holders...)
		}
	}
	slices.SortFunc(out, func(a, b Process) int { return a.PID - b.PID })
	return slices.Compact(out)
}

// programs reads /proc. Another user's open files cannot be read without privilege; nothing is there on other systems.
func (m Machine) programs() programs {
	p := programs{names: map[int]string{}, holders: map[string][]Process{}}
	entries, err := os.ReadDir(m.Proc)
	if err != nil {
		p.blind = true
		return p
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join(m.Proc, e.Name())
		name := plug.Attribute(dir, "comm")
		if name == "" {
			continue // it has ended
		}
		p.names[pid] = name
		fds, err := os.ReadDir(filepath.Join(dir, "fd"))
		if errors.Is(err, os.ErrPermission) {
			p.blind = true
		}
		who := Process{PID: pid, Name: name}
		for _, fd := range fds {
			file, err := os.Readlink(filepath.Join(dir, "fd", fd.Name()))
			if err == nil && !slices.Contains(p.holders[file], who) {
				p.holders[file] = append(p.holders[file], who)
			}
		}
	}
	return p
}

// page asks whether an address is free, and who has it if not.
func (m Machine) page(programs programs) Page {
	if m.Page == "" || m.Page == "none" {
		return Page{}
	}
	p := Page{Address: m.Page}
	l, err := net.Listen("tcp", m.Page)
	if err == nil {
		_ = l.Close() // it was ours for a moment
		return p
	}
	p.Taken = errors.Is(err, syscall.EADDRINUSE)
	if address, err := netip.ParseAddrPort(m.Page); err == nil {
		for _, inode := range m.listening(address.Port()) {
			p.Holders = append(p.Holders, programs.holders["socket:["+inode+"]"]...)
		}
	}
	return p
}

// listening returns the inodes of the sockets that listen on a port of this machine's loopback, or of all its addresses.
func (m Machine) listening(port uint16) []string {
	const stateListen = "0A" // include/net/tcp_states.h
	var out []string
	for _, table := range []string{"tcp", "tcp6"} {
		b, err := os.ReadFile(filepath.Join(m.Proc, "net", table))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			// sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode …
			f := strings.Fields(line)
			if len(f) < 10 || f[3] != stateListen {
				continue
			}
			_, hexPort, ok := strings.Cut(f[1], ":")
			raw, err := hex.DecodeString(hexPort)
			if ok && err == nil && len(raw) == 2 && binary.BigEndian.Uint16(raw) == port {
				out = append(out, f[9])
			}
		}
	}
	return out
}
