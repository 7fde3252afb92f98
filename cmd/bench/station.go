package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// Station is one bench's end of the station line, without journal and scanner: it sends as fast as its window lets it.
type Station struct {
	scene  *Scene
	conn   *websocket.Conn
	window int // scans in flight at most

	seq      uint64
	inFlight map[uint64]bool // seq → is a piece
	blocks   []wire.Block
	leasing  bool
	queue    []string // codes still to scan of the parcel at hand
	pieces   int      // of the queue's beginning; the rest is the closing
	stopping bool
}

// pace is what lies between two scans on the station's own clock. The desk takes the same code within a moment for one trigger pull; a clerk is slower than
// this station.
const pace = time.Second

// leaseOf is how many license plates a station asks for at a time, leaseBelow when.
const (
	leaseOf    = 4000
	leaseBelow = 1000
)

// Dial connects a station with its token, says hello and leases plates.
func Dial(ctx context.Context, scene *Scene, addr, token string, window int) (*Station, error) {
	dialer := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, HandshakeTimeout: 10 * time.Second}
	conn, resp, err := dialer.DialContext(ctx, "ws://"+addr+wire.Path, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		if resp != nil {
			err = fmt.Errorf("%w: status %s", err, resp.Status)
		}
		return nil, fmt.Errorf("dial station socket: %w", err)
	}
	s := &Station{scene: scene, conn: conn, window: window, inFlight: map[uint64]bool{}}
	hello := wire.FromStation{Op: wire.OpHello, Versions: []int{wire.Version}, Producer: id.Producer(), NextSeq: 1, Agent: "bench", Clock: clock.System{}.Now()}
	if err := s.send(hello); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	m, err := s.read()
	if err == nil && m.Op != wire.OpWelcome {
		err = fmt.Errorf("hello was answered by %s %s %s", m.Op, m.Code, m.Message)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s.blocks = m.Blocks
	return s, nil
}

func (s *Station) send(m wire.FromStation) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	return s.conn.WriteMessage(websocket.TextMessage, b)
}

func (s *Station) read() (wire.FromServer, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return wire.FromServer{}, err
	}
	_, b, err := s.conn.ReadMessage()
	if err != nil {
		return wire.FromServer{}, err
	}
	return wire.DecodeServer(b)
}

// Work receives parcels until the clock reads until, then settles what is in flight. It returns how many pieces were booked in time.
func (s *Station) Work(ctx context.Context, until int64) (booked int, err error) {
	s.stopping = false
	for {
		now := clock.Mono()
		s.stopping = now >= until || ctx.Err() != nil
		if err := s.fill(); err != nil {
			return 0, err
		}
		if len(s.inFlight) == 0 {
			return booked, context.Cause(ctx)
		}
		n, err := s.settle()
		if err != nil {
			return 0, err
		}
		if clock.Mono() < until {
			booked += n
		}
	}
}

// fill sends as many scans as the window has room for, in one message, as the agent does with what is journalled.
func (s *Station) fill() error {
	var scans []scanner.Scan
	for !s.stopping && len(s.inFlight) < s.window {
		data, piece, ok := s.code()
		if !ok {
			return errors.New("no parcel is left: the run was longer than the scene")
		}
		s.seq++
		scan := scanner.Scan{Seq: s.seq, Device: "bench", Source: scanner.FromDevice, CapturedAt: clock.System{}.Now(), MonoMicros: int64(s.seq) * pace.Microseconds(), Raw: []byte(data), Data: data, Charset: "utf-8"}
		if piece {
			scan.Symbology = "]E0"
			if scan.Plate, ok = s.plate(); !ok {
				s.seq--
				s.queue, s.pieces = append([]string{data}, s.queue...), s.pieces+1
				break
			}
		}
		s.inFlight[s.seq] = piece
		scans = append(scans, scan)
	}
	if len(scans) > 0 {
		if err := s.send(wire.FromStation{Op: wire.OpScans, Scans: scans}); err != nil {
			return err
		}
	}
	if s.plates() < leaseBelow && !s.leasing {
		s.leasing = true
		if err := s.send(wire.FromStation{Op: wire.OpLease, Count: leaseOf}); err != nil {
			return err
		}
		if len(s.inFlight) == 0 { // nothing else will bring the plates in
			_, err := s.settle()
			return err
		}
	}
	return nil
}

// code is the next thing the clerk scans: a waybill, its pieces, DONE.
func (s *Station) code() (data string, piece, ok bool) {
	if len(s.queue) == 0 {
		p, ok := s.scene.Take()
		if !ok {
			return "", false, false
		}
		s.queue, s.pieces = append(append([]string(nil), p.Codes...), scanner.ControlPrefix+scanner.Done), len(p.Codes)
		return p.Waybill, false, true
	}
	data, s.queue = s.queue[0], s.queue[1:]
	if s.pieces > 0 {
		s.pieces--
		return data, true, true
	}
	return data, false, true
}

func (s *Station) plates() (n int) {
	for _, b := range s.blocks {
		n += b.Count
	}
	return n
}

func (s *Station) plate() (string, bool) {
	for len(s.blocks) > 0 && s.blocks[0].Count == 0 {
		s.blocks = s.blocks[1:]
	}
	if len(s.blocks) == 0 {
		return "", false
	}
	n := s.blocks[0].First
	s.blocks[0].First, s.blocks[0].Count = n+1, s.blocks[0].Count-1
	return scanner.Plate(n), true
}

// settle takes one message of the server. It returns how many pieces it booked; an outcome other than what such a scan must have is an error.
func (s *Station) settle() (booked int, err error) {
	m, err := s.read()
	if err != nil {
		return 0, err
	}
	switch m.Op {
	case wire.OpPlates:
		s.blocks, s.leasing = append(s.blocks, m.Blocks...), false
	case wire.OpError:
		return 0, fmt.Errorf("the server refused: %s: %s", m.Code, m.Message)
	case wire.OpOutcomes:
		for _, o := range m.Outcomes {
			piece, mine := s.inFlight[o.Seq]
			if !mine {
				return 0, fmt.Errorf("an outcome for scan %d, which is not in flight", o.Seq)
			}
			delete(s.inFlight, o.Seq)
			if piece != (o.Code == scanner.CodeMatched) || o.Verdict != scanner.Accepted {
				return 0, fmt.Errorf("scan %d was answered %s %s %v", o.Seq, o.Verdict, o.Code, o.Params)
			}
			if piece {
				booked++
			}
		}
	}
	return booked, nil
}

// Close ends the line.
func (s *Station) Close() error {
	return errors.Join(s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second)), s.conn.Close())
}
