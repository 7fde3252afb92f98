package wechatpay

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
)

// Kind of a fault.
type Kind string

// class says at which point of a request a kind acts. One rule of each class can strike the same request.
type class int

const (
	noClass  class = iota
	wire           // the request, its answer and the connection
	outcome        // what a new refund becomes
	callback       // a callback when it is made
	delivery       // one delivery of a callback
)

const (
	TimeoutBefore    Kind = "timeout_before"    // nothing happens, no answer
	TimeoutAfter     Kind = "timeout_after"     // it happens, no answer
	ResetBefore      Kind = "reset_before"      // nothing happens, TCP RST
	ResetAfter       Kind = "reset_after"       // it happens, TCP RST
	ErrorBefore      Kind = "error_before"      // nothing happens, SYSTEM_ERROR (502, 503, 504: an HTML page without signature)
	ErrorAfter       Kind = "error_after"       // it happens, SYSTEM_ERROR all the same
	FrequencyLimited Kind = "frequency_limited" // nothing happens, 429
	NotEnough        Kind = "not_enough"        // nothing happens until topped up, 403
	Refuse           Kind = "refuse"            // nothing happens, any code
	Slow             Kind = "slow"              // right, but late
	BadSignature     Kind = "bad_signature"     // it happens; the answer is signed with a stranger's key
	Unsigned         Kind = "unsigned"          // it happens; the answer has no signature
	UnknownSerial    Kind = "unknown_serial"    // it happens; the answer names a key nobody knows
	Stale            Kind = "stale"             // it happens; rightly signed ten minutes ago
	Tampered         Kind = "tampered"          // it happens; the body was changed after signing
	Truncated        Kind = "truncated"         // it happens; the body ends early

	StayProcessing Kind = "processing" // PROCESSING until advanced by hand, or for delay_ms
	BecomeAbnormal Kind = "abnormal"
	BecomeClosed   Kind = "closed"

	LostCallback      Kind = "lost_callback"      // never sent
	DuplicateCallback Kind = "duplicate_callback" // sent `copies` times, whatever is answered
	ReorderCallback   Kind = "reorder_callback"   // held until a later one was sent, or for delay_ms

	WrongKeyCallback  Kind = "wrong_key_callback"  // encrypted with another APIv3 key
	WrongSignCallback Kind = "wrong_sign_callback" // signed with a stranger's key
	SigntestCallback  Kind = "signtest_callback"   // a probe with a WECHATPAY/SIGNTEST/ signature goes first
)

var classOf = map[Kind]class{
	TimeoutBefore: wire, TimeoutAfter: wire, ResetBefore: wire, ResetAfter: wire, ErrorBefore: wire, ErrorAfter: wire, FrequencyLimited: wire,
	NotEnough: wire, Refuse: wire, Slow: wire, BadSignature: wire, Unsigned: wire, UnknownSerial: wire, Stale: wire, Tampered: wire, Truncated: wire,
	StayProcessing: outcome, BecomeAbnormal: outcome, BecomeClosed: outcome,
	LostCallback: callback, DuplicateCallback: callback, ReorderCallback: callback,
	WrongKeyCallback: delivery, WrongSignCallback: delivery, SigntestCallback: delivery,
}

// Rule is a fault and when it strikes. Empty matches match everything.
type Rule struct {
	ID            string  `json:"id"`
	Kind          Kind    `json:"kind"`
	On            string  `json:"on,omitempty"` // wire kinds: refund (default), query, apply_abnormal, any
	Prefix        string  `json:"prefix,omitempty"`
	Regex         string  `json:"regex,omitempty"`
	TransactionID string  `json:"transaction_id,omitempty"`
	Nth           int64   `json:"nth,omitempty"`         // only the nth match, from 1
	Probability   float64 `json:"probability,omitempty"` // 0 means always
	Seed          uint64  `json:"seed,omitempty"`
	Count         int64   `json:"count,omitempty"` // at most so often; 0: no limit
	DelayMS       int64   `json:"delay_ms,omitempty"`
	Status        int     `json:"status,omitempty"` // of error_before, error_after, refuse
	Code          string  `json:"code,omitempty"`   // of refuse
	Copies        int     `json:"copies,omitempty"` // of duplicate_callback; 0 means 2
	Seen          int64   `json:"seen"`
	Fired         int64   `json:"fired"`
	pattern       *regexp.Regexp
}

type ruleCounts struct {
	ID    string `json:"id"`
	Seen  int64  `json:"seen"`
	Fired int64  `json:"fired"`
}

func (r *Rule) check() error {
	if classOf[r.Kind] == noClass {
		return fmt.Errorf("kind %q is not known", r.Kind)
	}
	if r.On == "" {
		r.On = "refund"
	}
	switch {
	case r.On != "refund" && r.On != "query" && r.On != "apply_abnormal" && r.On != "any":
		return fmt.Errorf("on %q: want refund, query, apply_abnormal or any", r.On)
	case r.Probability < 0 || r.Probability > 1:
		return fmt.Errorf("probability %v: want 0 to 1", r.Probability)
	case r.Nth < 0 || r.Count < 0 || r.DelayMS < 0 || r.Copies < 0 || r.Copies > 100:
		return fmt.Errorf("nth, count, delay_ms and copies (at most 100) are not negative")
	case r.Status != 0 && (r.Status < 400 || r.Status > 599):
		return fmt.Errorf("status %d: want 400 to 599", r.Status)
	case r.Kind == Refuse && r.Code == "":
		return fmt.Errorf("refuse needs a code")
	}
	_, err := regexp.Compile(r.Regex)
	return err
}

// target is what rules are matched against.
type target struct{ operation, outRefundNo, transactionID string }

func (r *Rule) matches(t target) bool {
	if classOf[r.Kind] == wire && r.On != "any" && r.On != t.operation {
		return false
	}
	if !strings.HasPrefix(t.outRefundNo, r.Prefix) || (r.TransactionID != "" && r.TransactionID != t.transactionID) {
		return false
	}
	if r.Regex == "" {
		return true
	}
	if r.pattern == nil {
		r.pattern = regexp.MustCompile(r.Regex) // check has compiled it before
	}
	return r.pattern.MatchString(t.outRefundNo)
}

// draw counts a match and decides. It depends on the seed and the match's number alone, so that a run repeats, restarts included.
func (r *Rule) draw() bool {
	r.Seen++
	if (r.Nth != 0 && r.Seen != r.Nth) || (r.Count != 0 && r.Fired >= r.Count) {
		return false
	}
	if r.Probability != 0 && fraction(r.Seed, r.Seen) >= r.Probability {
		return false
	}
	r.Fired++
	return true
}

// fraction maps a seed and a number evenly onto [0,1).
func fraction(seed uint64, n int64) float64 {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, seed), uint64(n)))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}

// strike returns the first rule of the class that strikes the target, and the changed counters to write down.
func (b *book) strike(c class, t target) (*Rule, []ruleCounts) {
	var counts []ruleCounts
	for i := range b.rules {
		r := &b.rules[i]
		if classOf[r.Kind] != c || !r.matches(t) {
			continue
		}
		struck := r.draw()
		counts = append(counts, ruleCounts{r.ID, r.Seen, r.Fired})
		if struck {
			hit := *r
			return &hit, counts
		}
	}
	return nil, counts
}
