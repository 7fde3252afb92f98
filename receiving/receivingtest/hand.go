package receivingtest

import (
	"time"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/desk"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// Hand scans at a bench: a producer of its station.
type Hand struct {
	s        *Site
	Bench    Bench
	Desk     *desk.Desk
	Producer string
	Seq      uint64
	Mono     int64 // µs
	View     scanner.BenchView
	Plates   wire.Block // given out one per scan when UsePlates
	used     int

	UsePlates bool
	Device    string
}

// Hand says hello at a bench.
func (s *Site) Hand(b Bench) *Hand { return s.HandOf(b, s.Desk) }

// HandOf says hello through a given desk.
func (s *Site) HandOf(b Bench, d *desk.Desk) *Hand {
	s.T.Helper()
	h := &Hand{s: s, Bench: b, Desk: d, Producer: id.Producer(), Device: "gun"}
	h.Hello()
	return h
}

// Hello greets the server and takes up where it stands.
func (h *Hand) Hello() wire.FromServer {
	h.s.T.Helper()
	m, err := h.Desk.Hello(h.s.T.Context(), h.Bench.Station.ID, wire.FromStation{Op: wire.OpHello, Producer: h.Producer, NextSeq: h.Seq + 1})
	if err != nil {
		h.s.T.Fatal(err)
	}
	h.Seq = m.LastSeq
	h.View = *m.View
	if len(m.Blocks) > 0 {
		h.Plates = m.Blocks[0]
	}
	return m
}

// Next makes the next scan, a second after the one before, and does not send it.
func (h *Hand) Next(data string) scanner.Scan {
	h.Seq++
	h.Mono += time.Second.Microseconds()
	s := scanner.Scan{Seq: h.Seq, Device: h.Device, Source: scanner.FromDevice, CapturedAt: Start.Add(time.Duration(h.Mono) * time.Microsecond), MonoMicros: h.Mono,
		Raw: []byte(data), Data: data, Charset: "utf-8"}
	if h.UsePlates && h.used < h.Plates.Count {
		s.Plate = scanner.Plate(h.Plates.First + int64(h.used))
		h.used++
	}
	return s
}

// Send gives scans to the desk.
func (h *Hand) Send(scans ...scanner.Scan) (desk.Answer, error) {
	a, err := h.Desk.Accept(h.s.T.Context(), h.Bench.Station.ID, h.Producer, 0, scans)
	if err == nil {
		h.View = a.View
	}
	return a, err
}

// Scan scans one code and returns its outcome.
func (h *Hand) Scan(data string) scanner.Outcome {
	h.s.T.Helper()
	return h.Scans(data)[0]
}

// Scans scans several codes in batches of up to sixteen.
func (h *Hand) Scans(data ...string) []scanner.Outcome {
	h.s.T.Helper()
	var out []scanner.Outcome
	for len(data) > 0 {
		n := min(desk.MaxBatch, len(data))
		scans := make([]scanner.Scan, n)
		for i, d := range data[:n] {
			scans[i] = h.Next(d)
		}
		a, err := h.Send(scans...)
		if err != nil {
			h.s.T.Fatalf("scan %q: %v", data[:n], err)
		}
		if len(a.Outcomes) != n {
			h.s.T.Fatalf("%d outcomes for %d scans", len(a.Outcomes), n)
		}
		out = append(out, a.Outcomes...)
		data = data[n:]
	}
	return out
}

// Want scans one code and checks the code of its outcome.
func (h *Hand) Want(data string, code scanner.Code) scanner.Outcome {
	h.s.T.Helper()
	o := h.Scan(data)
	if o.Code != code {
		h.s.T.Fatalf("scan of %q: %s %v, want %s", data, o.Code, o.Params, code)
	}
	return o
}
