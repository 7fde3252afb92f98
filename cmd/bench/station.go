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
	clerk    *Clerk
	conn     *websocket.Conn
	window   int             // scans in flight at most
	inFlight map[uint64]bool // seq → is a piece
	leasing  bool
}

// leaseOf is how many license plates a station asks for at a time, leaseBelow when.
const (
	leaseOf    = 4000
	leaseBelow = 1000
)

// fromServer is the part of wire.FromServer that this station looks at. The rest, above all the view, is read past: on two cores, what a page of one bench
// makes of it would be taken from the server.
type fromServer struct {
	Op       wire.Op      `json:"op"`
	Code     string       `json:"code"`
	Message  string       `json:"message"`
	Blocks   []wire.Block `json:"blocks"`
	Outcomes []verdict    `json:"outcomes"`
}

type verdict struct {
	Seq     uint64          `json:"seq"`
	Verdict scanner.Verdict `json:"verdict"`
	Code    scanner.Code    `json:"code"`
}

// Dial connects a station with its token, says hello and takes the first plates.
func Dial(ctx context.Context, scene *Scene, addr, token string, window int) (*Station, error) {
	dialer := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, HandshakeTimeout: 10 * time.Second}
	conn, resp, err := dialer.DialContext(ctx, "ws://"+addr+wire.Path, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		if resp != nil {
			err = fmt.Errorf("%w: status %s", err, resp.Status)
		}
		return nil, fmt.Errorf("dial station socket: %w", err)
	}
	s := &Station{clerk: &Clerk{scene: scene}, conn: conn, window: window, inFlight: map[uint64]bool{}}
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
	s.clerk.blocks = m.Blocks
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

func (s *Station) read() (m fromServer, err error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return m, err
	}
	_, b, err := s.conn.ReadMessage()
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(b, &m)
}

// Work receives parcels until the clock reads until, then waits for what is in flight. It returns how many pieces were booked in time.
func (s *Station) Work(ctx context.Context, until int64) (booked int, err error) {
	for {
		if clock.Mono() < until && ctx.Err() == nil {
			if err := s.fill(); err != nil {
				return 0, err
			}
		}
		if len(s.inFlight) == 0 && !s.leasing {
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
	for len(s.inFlight) < s.window && s.clerk.plates() > 0 {
		scan, piece, err := s.clerk.Next()
		if err != nil {
			return err
		}
		s.inFlight[scan.Seq] = piece
		scans = append(scans, scan)
	}
	return s.sendScans(scans...)
}

// sendScans sends scans in one message and asks for plates when few are left.
func (s *Station) sendScans(scans ...scanner.Scan) error {
	if len(scans) > 0 {
		if err := s.send(wire.FromStation{Op: wire.OpScans, Scans: scans}); err != nil {
			return err
		}
	}
	if s.clerk.plates() < leaseBelow && !s.leasing {
		s.leasing = true
		return s.send(wire.FromStation{Op: wire.OpLease, Count: leaseOf})
	}
	return nil
}

// settle takes one message of the server. It returns how many pieces it booked; an outcome other than what such a scan must have is an error.
func (s *Station) settle() (booked int, err error) {
	m, err := s.read()
	if err != nil {
		return 0, err
	}
	switch m.Op {
	case wire.OpPlates:
		s.clerk.blocks, s.leasing = append(s.clerk.blocks, m.Blocks...), false
	case wire.OpError:
		return 0, fmt.Errorf("the server refused: %s: %s", m.Code, m.Message)
	case wire.OpOutcomes:
		for _, o := range m.Outcomes {
			piece, mine := s.inFlight[o.Seq]
			if !mine {
				return 0, fmt.Errorf("an outcome for scan %d, which is not in flight", o.Seq)
			}
			delete(s.inFlight, o.Seq)
			if err := expected(piece, o.Verdict, o.Code); err != nil {
				return 0, fmt.Errorf("scan %d: %w", o.Seq, err)
			}
			if piece {
				booked++
			}
		}
	}
	return booked, nil
}

// expected checks an outcome: every piece is one that its parcel awaits, every other scan opens or closes a parcel.
func expected(piece bool, v scanner.Verdict, code scanner.Code) error {
	if v != scanner.Accepted || piece != (code == scanner.CodeMatched) {
		return fmt.Errorf("the desk answered %s %s", v, code)
	}
	return nil
}

// Close ends the line.
func (s *Station) Close() error {
	return errors.Join(s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second)), s.conn.Close())
}
