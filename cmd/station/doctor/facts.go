package doctor

import (
	"time"

	"github.com/backdock/backdock/cmd/station/attached"
	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/logbook"
)

// Facts is what is so on a machine. Checks judge it.
type Facts struct {
	Data     DataDir
	Agent    Agent
	Enrolled bool
	EnrolErr error // the enrolment is there and cannot be read
	Server   Server
	Page     Page

	Scanners  []Scanner // configured
	ConfigErr error     // a scanner URL that cannot be read
	Devices   []attached.Device
	ListErr   error
	Holders   map[string][]Process // device file → who has it open, as far as this user may see
	Blind     bool                 // other users' programs could not be looked into
	User      User                 // who runs the agent
	Modems    bool                 // ModemManager runs
	Rules     bool                 // our udev rules are installed
	Logs      map[string][]logbook.Entry
}

// DataDir is the station's directory.
type DataDir struct {
	Dir     string
	Missing bool
	Err     error         // it cannot be written
	SyncErr error         // it can, but the disk fails
	Sync    time.Duration // median of some
	Free    uint64        // bytes
	FreeErr error
	Foreign string // a file in it that belongs to another user than the directory
	Whose   string // that user
}

// Agent is the running agent.
type Agent struct {
	State *agent.State // nil when none answers
	PID   int          // of an agent that has a page, or that only holds the directory; 0 for none
	Err   error        // why it cannot be asked, though it is or was there
}

// Server is what the server said.
type Server struct {
	URL     string
	Err     error // no answer
	Status  int   // HTTP
	Problem string
	Date    time.Time // its clock, to the second
	Asked   time.Time // ours when it answered
}

// Page is the station page's address.
type Page struct {
	Address string // empty: none is wanted
	Taken   bool
	Holders []Process
}

// Scanner is a configured scanner and where it is.
type Scanner struct {
	agent.Scanner
	Local   bool   // a device of this computer: Path and Err say where it is
	Path    string // device file, behind links
	Err     error
	Dialled bool // an Ethernet scanner that was dialled: Err says how it went
}

// User is who runs the agent.
type User struct {
	UID    int
	Name   string
	Self   bool // the user of this program
	Groups []int
}

// Process is a running program.
type Process struct {
	PID  int
	Name string
}

// on reports whether an agent is at work.
func (a Agent) on() bool { return a.PID != 0 && a.Err == nil }
