package printer

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// State is how a printer is doing, in one word; the station page has a text for each.
type State string

const (
	Ready       State = "ready"
	PaperOut    State = "paper_out"
	RibbonOut   State = "ribbon_out"
	HeadOpen    State = "head_open"
	Paused      State = "paused"
	Hot         State = "too_hot"
	Cold        State = "too_cold"
	Full        State = "buffer_full"
	Corrupt     State = "memory_fault"
	Unreachable State = "unreachable"
	Denied      State = "no_permission"
	Mute        State = "no_answer"
)

// sentences tell an operator what to do.
var sentences = map[State]string{
	PaperOut:    "no labels: put in a new roll",
	RibbonOut:   "no ribbon: put in a new one",
	HeadOpen:    "the print head is open: close it",
	Paused:      "paused: press its pause button",
	Hot:         "too hot: it goes on when it has cooled down",
	Cold:        "the print head is too cold: let it warm up",
	Full:        "busy with other jobs: it goes on by itself",
	Corrupt:     "its memory is damaged: switch it off and on",
	Unreachable: "cannot be reached: is it on and plugged in?",
	Denied:      "no permission: add this user to the group that owns it (lp)",
	Mute:        "does not say how it is doing: switch it off and on; if it never answers ~HS, add status=no to its URL",
}

// Sentence says what a state means and what to do about it; empty when ready.
func (s State) Sentence() string { return sentences[s] }

// Status is what a printer answers to ~HS.
type Status struct {
	PaperOut, RibbonOut, HeadOpen, Paused bool
	BufferFull, Hot, Cold, Corrupt        bool
	Formats                               int // whole formats that wait in the receive buffer
	Left                                  int // labels of the present format still to print
}

// State picks what the operator has to deal with first.
func (s Status) State() State {
	for _, c := range []struct {
		is bool
		st State
	}{{s.HeadOpen, HeadOpen}, {s.PaperOut, PaperOut}, {s.RibbonOut, RibbonOut}, {s.Paused, Paused}, {s.Hot, Hot}, {s.Cold, Cold}, {s.Corrupt, Corrupt}, {s.BufferFull, Full}} {
		if c.is {
			return c.st
		}
	}
	return Ready
}

// idle reports whether everything that was sent is printed.
func (s Status) idle() bool { return s.Formats == 0 && s.Left == 0 }

var (
	errShort  = errors.New("the answer is not whole yet")
	errAnswer = errors.New("not an answer to ~HS")
)

const (
	stx = 0x02
	etx = 0x03
	// longestAnswer is more than thrice what the three strings take; a printer that says more says something else.
	longestAnswer = 512
)

// ParseStatus reads the answer to ~HS: three strings, each between STX and ETX, with the fields of Zebra's ZPL II programming guide:
//
//	aaa,b,c,dddd,eee,f,g,h,iii,j,k,l      b paper out, c paused, eee formats waiting, f buffer full, j RAM corrupt, k under, l over temperature
//	mmm,n,o,p,q,r,s,t,uuuuuuuu,v,www      o head up, p ribbon out, u labels left
//	xxxx,y
//
// What stands before the first STX is passed over.
func ParseStatus(b []byte) (Status, error) {
	var fields [3][]string
	for i := range fields {
		from := bytes.IndexByte(b, stx)
		if from < 0 {
			return Status{}, errShort
		}
		to := bytes.IndexByte(b[from:], etx)
		if to < 0 {
			if len(b) > longestAnswer {
				return Status{}, fmt.Errorf("%w: %d bytes without an end", errAnswer, len(b))
			}
			return Status{}, errShort
		}
		fields[i] = strings.Split(string(b[from+1:from+to]), ",")
		b = b[from+to+1:]
	}
	if len(fields[0]) < 12 || len(fields[1]) < 11 {
		return Status{}, fmt.Errorf("%w: %d and %d fields", errAnswer, len(fields[0]), len(fields[1]))
	}
	var s Status
	var err error
	for _, f := range []struct {
		text string
		flag *bool
	}{{fields[0][1], &s.PaperOut}, {fields[0][2], &s.Paused}, {fields[0][5], &s.BufferFull}, {fields[0][9], &s.Corrupt}, {fields[0][10], &s.Cold}, {fields[0][11], &s.Hot},
		{fields[1][2], &s.HeadOpen}, {fields[1][3], &s.RibbonOut}} {
		if *f.flag, err = flag(f.text); err != nil {
			return Status{}, err
		}
	}
	if s.Formats, err = count(fields[0][4]); err != nil {
		return Status{}, err
	}
	if s.Left, err = count(fields[1][8]); err != nil {
		return Status{}, err
	}
	return s, nil
}

func flag(s string) (bool, error) {
	switch s {
	case "0":
		return false, nil
	case "1":
		return true, nil
	}
	return false, fmt.Errorf("%w: flag %.10q", errAnswer, s)
}

func count(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || len(s) > 8 {
		return 0, fmt.Errorf("%w: count %.10q", errAnswer, s)
	}
	return n, nil
}
