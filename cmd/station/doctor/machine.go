package doctor

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/backdock/backdock/cmd/station/attached"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/logbook"
	"github.com/backdock/backdock/scanner/plug"
)

// Machine is what is looked at. Roots are "/…" on a real one and directories of a test.
type Machine struct {
	plug.Roots
	Data string
	Proc string   // "/proc"
	Udev []string // directories of udev rules
	Page string   // address, or none

	Server   string // of the enrolment; empty without
	Token    string
	EnrolErr error

	Devices []string // scanner URLs; when there are none the running agent's count
	Listers []attached.Lister
	Clock   clock.Clock
}

// Real is this machine with a data directory.
func Real(data string) Machine {
	return Machine{Data: data, Proc: "/proc", Udev: []string{"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"}, Listers: attached.All(), Clock: clock.System{}}
}

const (
	dialWait = 3 * time.Second // for an Ethernet scanner on the same network
	// rulesFile is what station install writes.
	rulesFile = "70-backdock.rules"
)

// Gather looks at a machine. It opens no port.
func (m Machine) Gather(ctx context.Context) Facts {
	f := Facts{Data: dataDir(m.Data), User: m.user(), Enrolled: m.Server != "", EnrolErr: m.EnrolErr, Rules: m.rules()}
	programs := m.programs()
	f.Holders, f.Blind, f.Modems = programs.holders, programs.blind, programs.named("ModemManager")
	f.Agent = m.agent(ctx, programs)
	if f.Enrolled {
		f.Server = m.server(ctx, !f.Agent.on())
	}
	f.Page = m.page(programs)
	f.Devices, f.ListErr = attached.List(m.Roots, m.Listers)
	f.Scanners, f.ConfigErr = m.scanners(ctx, f.Agent)
	// Logs that cannot be read are the data directory's trouble, which its own check tells.
	f.Logs, _ = logbook.Read(m.Data)
	return f
}

// scanners are those of the command line or, without any, the running agent's.
func (m Machine) scanners(ctx context.Context, a Agent) ([]Scanner, error) {
	urls := m.Devices
	if len(urls) == 0 && a.State != nil {
		for _, d := range a.State.Devices {
			urls = append(urls, d.URL)
		}
	}
	parsed, err := agent.ParseAll(urls)
	if err != nil {
		return nil, err
	}
	var out []Scanner
	for _, p := range parsed {
		out = append(out, m.locate(ctx, p, a.on()))
	}
	return out, nil
}

// finder is a driver that can look for its device without opening it.
type finder interface {
	Within(plug.Roots)
	Locate() (string, error)
}

// locate finds a scanner as its driver would. An Ethernet scanner is dialled only while no agent could have it: many take one connection.
func (m Machine) locate(ctx context.Context, p agent.Scanner, taken bool) Scanner {
	s := Scanner{Scanner: p}
	u, err := url.Parse(p.URL)
	if err != nil {
		s.Err = err
		return s
	}
	if d, ok := p.Driver.(finder); ok {
		s.Local = true
		d.Within(m.Roots)
		if s.Path, s.Err = d.Locate(); s.Err == nil && filepath.IsAbs(s.Path) { // COM5 is no file
			s.Path, s.Err = filepath.EvalSymlinks(s.Path)
		}
		return s
	}
	if u.Scheme == "tcp" && !taken {
		s.Dialled = true
		conn, err := (&net.Dialer{Timeout: dialWait}).DialContext(ctx, "tcp", u.Host)
		if err != nil {
			s.Err = err
			return s
		}
		_ = conn.Close() // nothing was sent
	}
	return s
}

// agent asks the one that runs in the data directory.
func (m Machine) agent(ctx context.Context, programs programs) Agent {
	running, err := agent.Find(m.Data)
	if errors.Is(err, agent.ErrNoAgent) {
		if held := programs.under(filepath.Join(m.Data, "journals")); len(held) > 0 {
			return Agent{PID: held[0].PID}
		}
		return Agent{}
	}
	if err != nil {
		return Agent{Err: err}
	}
	s, err := agent.Status(ctx, m.Data)
	if err != nil {
		return Agent{PID: running.PID, Err: err}
	}
	return Agent{PID: running.PID, State: &s}
}

// rules reports whether udev has been told about scanners.
func (m Machine) rules() bool {
	for _, dir := range m.Udev {
		if _, err := os.Stat(filepath.Join(dir, rulesFile)); err == nil {
			return true
		}
	}
	return false
}

// user is who owns the data directory: the agent works as that one.
func (m Machine) user() User {
	uid, ok := owner(m.Data)
	if !ok {
		uid = os.Geteuid()
	}
	return User{UID: uid, Name: attached.User(uid), Self: uid == os.Geteuid(), Groups: attached.Groups(uid)}
}
