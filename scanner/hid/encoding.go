package hid

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/frame"
	"github.com/backdock/backdock/scanner/hid/descriptor"
	"github.com/backdock/backdock/scanner/hid/keyboard"
	"github.com/backdock/backdock/scanner/hid/pos"
)

// Names of encodings.
const (
	evdev  = "evdev"  // struct input_event, parameters as in keyboard.Settings
	hidpos = "hidpos" // a mark and a report for each read; descriptor is the report descriptor in hexadecimal, pause as in the URL
)

func keyboardEncoding(s keyboard.Settings) scanner.Encoding {
	return scanner.Encoding(evdev + "?" + s.Query().Encode())
}

func posEncoding(desc []byte, pause time.Duration) scanner.Encoding {
	return scanner.Encoding(hidpos + "?descriptor=" + hex.EncodeToString(desc) + "&pause=" + pause.String())
}

// pauseOf reads pause, the longest silence within a code of several reports.
func pauseOf(q url.Values) (time.Duration, error) {
	s := q.Get("pause")
	if s == "" {
		return pos.DefaultPause, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 100*time.Millisecond || d > time.Minute {
		return 0, fmt.Errorf("pause=%q: want a duration from 100ms to 1m", s)
	}
	return d, nil
}

// NewDecoder makes what turns the bytes of a stream or a capture into codes.
func NewDecoder(e scanner.Encoding, p frame.Profile, at time.Duration) (frame.Decoder, error) {
	name, query, _ := strings.Cut(string(e), "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("encoding %.80q: %w", e, err)
	}
	switch name {
	case evdev:
		s, err := keyboard.FromQuery(q, keyboard.Default())
		if err != nil {
			return nil, fmt.Errorf("encoding %.80q: %w", e, err)
		}
		return keyboard.New(s, p, at), nil
	case hidpos:
		raw, err := hex.DecodeString(q.Get("descriptor"))
		if err != nil {
			return nil, fmt.Errorf("encoding %s: the descriptor is not hexadecimal", hidpos)
		}
		d, err := descriptor.Parse(raw)
		if err != nil {
			return nil, err
		}
		pause, err := pauseOf(q)
		if err != nil {
			return nil, err
		}
		return pos.New(d, p, pause, at)
	}
	return nil, fmt.Errorf("encoding %.80q is not known: the capture is of a later version, or no capture", e)
}
