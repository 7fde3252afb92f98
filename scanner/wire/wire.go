// Package wire is the station protocol: JSON messages over a websocket, subprotocol backdock.station.v1.
//
//	station                                   server
//	hello{producer,next_seq,outcome_seq} ──▶
//	                                     ◀── welcome{version,last_seq,view,blocks}
//	                                     ◀── outcomes{…outcome_seq+1 … last_seq}      (stored answers the station lacks)
//	scans{[…]} (pipelined)               ──▶
//	                                     ◀── outcomes{[…],last_seq,view}              (after the commit)
//	lease{count}                         ──▶
//	                                     ◀── plates{blocks}
//	devices{[…]}                         ──▶
//	                                     ◀── view{view}                               (bench changed by somebody else)
//	                                     ◀── error{code,fatal}                        (fatal: the socket closes; do not retry before retry_after_ms)
//
// Scans of one producer are sent strictly in sequence; the server refuses a gap with error code seq_gap and the station starts again from welcome.last_seq+1.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/backdock/backdock/scanner"
)

const (
	// Subprotocol is negotiated in the websocket handshake.
	Subprotocol = "backdock.station.v1"
	// Version is the newest protocol version; a server of version N serves agents of all from Oldest on. 2 added weights on scans and kinds of devices, 3 what is wrong with a
	// device as a code.
	Version = 3
	// Oldest is the oldest version that is still spoken.
	Oldest = 1
	// MaxWeight is the heaviest box in grams that a station may report.
	MaxWeight = 10_000_000
	// MaxMessage is the largest message either side accepts, in bytes.
	MaxMessage = 1 << 20
	// MaxScans is the most scans one message carries.
	MaxScans = 64
	// MaxRaw is the longest frame a station may send, in bytes; a DataMatrix holds about 3.1 kB.
	MaxRaw = 8 << 10
	// Path of the station socket.
	Path = "/ws/station"
)

// Op names a message.
type Op string

const (
	OpHello    Op = "hello"
	OpScans    Op = "scans"
	OpLease    Op = "lease"
	OpDevices  Op = "devices"
	OpWelcome  Op = "welcome"
	OpOutcomes Op = "outcomes"
	OpPlates   Op = "plates"
	OpView     Op = "view"
	OpError    Op = "error"
)

// Block is a run of leased license plate numbers, First … First+Count-1.
type Block struct {
	First int64 `json:"first"`
	Count int   `json:"count"`
}

// FromStation is any message a station sends. Fields that the Op does not use are left out.
type FromStation struct {
	Op Op `json:"op"`

	// hello
	Versions   []int            `json:"versions,omitempty"`    // protocol versions the agent speaks
	Producer   string           `json:"producer,omitempty"`    // 32 hex digits, made with the journal
	NextSeq    uint64           `json:"next_seq,omitempty"`    // the seq the next new scan will get
	OutcomeSeq uint64           `json:"outcome_seq,omitempty"` // newest seq whose outcome the station has stored
	Agent      string           `json:"agent,omitempty"`       // program version
	Clock      time.Time        `json:"clock,omitzero"`        // station wall clock, for the offset
	Devices    []scanner.Device `json:"devices,omitempty"`     // hello, devices

	Scans []scanner.Scan `json:"scans,omitempty"` // scans, at most MaxScans
	Count int            `json:"count,omitempty"` // lease
}

// FromServer is any message a server sends.
type FromServer struct {
	Op Op `json:"op"`

	// welcome
	Version    int       `json:"version,omitempty"`
	ServerTime time.Time `json:"server_time,omitzero"`
	Station    string    `json:"station,omitempty"`

	LastSeq  uint64             `json:"last_seq"`           // welcome, outcomes: newest seq the server has committed
	Outcomes []scanner.Outcome  `json:"outcomes,omitempty"` // outcomes, rising seq
	View     *scanner.BenchView `json:"view,omitempty"`     // welcome, outcomes, view
	Blocks   []Block            `json:"blocks,omitempty"`   // welcome, plates

	// error
	Code         string `json:"code,omitempty"`
	Message      string `json:"message,omitempty"`
	Fatal        bool   `json:"fatal,omitempty"`
	RetryAfterMS int    `json:"retry_after_ms,omitempty"`
}

// Codes of error messages.
const (
	ErrVersion     = "version_unsupported" // fatal: no common protocol version
	ErrNotHello    = "hello_first"         // fatal
	ErrMalformed   = "malformed"           // fatal: not JSON, unknown field, broken limits
	ErrSeqGap      = "seq_gap"             // resend from last_seq+1
	ErrSeqConflict = "seq_conflict"        // fatal: this producer's journal was restored or cloned; start a new producer
	ErrProducer    = "producer_foreign"    // fatal: the producer belongs to another station
	ErrRevoked     = "station_revoked"     // fatal: enrol again
	ErrReplaced    = "replaced"            // fatal: a newer socket of this station took over
	ErrBusy        = "busy"                // try again after retry_after_ms
	ErrGoingAway   = "going_away"          // the server restarts
)

// ErrInvalid is wrapped by every error of Decode*.
var ErrInvalid = errors.New("invalid message")

// DecodeStation reads one message of a station. Unknown fields, trailing bytes and broken limits are errors that wrap ErrInvalid.
func DecodeStation(b []byte) (FromStation, error) {
	var m FromStation
	if err := strict(b, &m); err != nil {
		return FromStation{}, err
	}
	switch m.Op {
	case OpHello:
		if !ValidProducer(m.Producer) {
			return FromStation{}, fmt.Errorf("%w: producer is not 32 hex digits", ErrInvalid)
		}
	case OpScans:
		if len(m.Scans) == 0 || len(m.Scans) > MaxScans {
			return FromStation{}, fmt.Errorf("%w: %d scans in one message, want 1 to %d", ErrInvalid, len(m.Scans), MaxScans)
		}
		for i, s := range m.Scans {
			if s.Seq == 0 || (i > 0 && s.Seq != m.Scans[i-1].Seq+1) {
				return FromStation{}, fmt.Errorf("%w: scan %d has seq %d, not the next one", ErrInvalid, i, s.Seq)
			}
			if s.WeightGrams < 0 || s.WeightGrams > MaxWeight {
				return FromStation{}, fmt.Errorf("%w: scan %d weighs %d grams", ErrInvalid, s.Seq, s.WeightGrams)
			}
			if len(s.Raw) > MaxRaw || len(s.Data) > 2*MaxRaw {
				return FromStation{}, fmt.Errorf("%w: scan %d is longer than %d bytes", ErrInvalid, s.Seq, MaxRaw)
			}
		}
	case OpLease:
		if m.Count < 1 || m.Count > 10_000 {
			return FromStation{}, fmt.Errorf("%w: lease of %d plates", ErrInvalid, m.Count)
		}
	case OpDevices:
	default:
		return FromStation{}, fmt.Errorf("%w: op %.20q", ErrInvalid, m.Op)
	}
	return m, nil
}

// DecodeServer reads one message of a server. Unknown fields are passed over: a newer server may say more.
func DecodeServer(b []byte) (FromServer, error) {
	var m FromServer
	if err := json.Unmarshal(b, &m); err != nil {
		return FromServer{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	switch m.Op {
	case OpWelcome, OpOutcomes, OpPlates, OpView, OpError:
		return m, nil
	}
	return FromServer{}, fmt.Errorf("%w: op %.20q", ErrInvalid, m.Op)
}

// ValidProducer reports whether s is 32 lower-case hex digits.
func ValidProducer(s string) bool {
	if len(s) != 32 {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %s", ErrInvalid, cause(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: bytes after the message", ErrInvalid)
	}
	return nil
}

// cause words what is wrong with JSON for the other side: encoding/json would tell it of our types and repeat what it sent.
func cause(err error) string {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("not JSON at byte %d", syntax.Offset)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("field %q holds something else than it should", kind.Field)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends in the middle"
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return "there is no field " + name
	}
	return "a value cannot be read"
}
