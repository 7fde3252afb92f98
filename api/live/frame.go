package live

import (
	"strconv"
	"time"

	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/receiving/report"
)

// Event is what the outside sees of an event: ids and states, never buyer data.
type Event struct {
	ID      string         `json:"id"`
	Type    string         `json:"type"`
	Subject string         `json:"subject"`
	Version int64          `json:"version" doc:"of the subject, after the event"`
	At      time.Time      `json:"at"`
	Data    map[string]any `json:"data"`
}

// Public gives the outside form of an event.
func Public(e event.Event) Event {
	data := map[string]any(e.Data)
	if data == nil {
		data = map[string]any{}
	}
	return Event{ID: strconv.FormatInt(int64(e.ID), 10), Type: e.Type, Subject: e.Subject, Version: e.Version, At: e.At.UTC(), Data: data}
}

// EventFrame carries one event.
type EventFrame struct {
	Op    string `json:"op"`
	Seq   int64  `json:"seq"`
	Event Event  `json:"event"`
}

// SeqFrame is hello, with the seq the stream goes on after, and reset, when the client has missed too much and must load everything again.
type SeqFrame struct {
	Op  string `json:"op"`
	Seq int64  `json:"seq"`
}

// BoardFrame carries a whole board; it replaces any with a lower seq.
type BoardFrame struct {
	Op    string        `json:"op"`
	Board *report.Board `json:"board"`
}

// Resume is the client's first message, and any later one that changes what it wants to see.
type Resume struct {
	Op        string `json:"op"`
	Since     int64  `json:"since"`
	Warehouse string `json:"warehouse"`
	Board     bool   `json:"board"`
}
