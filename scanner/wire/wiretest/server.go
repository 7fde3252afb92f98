package wiretest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/wire"
)

// Place is where a socket can be cut.
type Place string

const (
	BeforeWelcome Place = "before welcome"
	BeforeCommit  Place = "before commit" // scans arrived, nothing kept
	AfterCommit   Place = "after commit"  // kept, the station is not told
	AfterAnswer   Place = "after answer"
)

// Server is the other end. Fields may be set before Start.
type Server struct {
	Token string                    // accepted bearer token
	Cut   func(Place) bool          // cuts the socket when it returns true
	View  func() *scanner.BenchView // sent with every answer, if set
	// Decide makes the outcome of a scan; accepted and matched without it.
	Decide func(scanner.Scan) scanner.Outcome
	// Expected is the whole feed of awaited returns; none without it.
	Expected func() wire.ExpectedPage
	// BatchFor is how long answers wait, so that a station fills its window.
	BatchFor time.Duration
	// Speaks is the server's protocol version; wire.Version without it. What an older one would refuse is a breach.
	Speaks int

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced at every change
	producers map[string]*record
	order     []string // producers in the order they appeared
	breaches  []string
	hellos    int
	revoked   bool
	plate     int64
	sockets   map[*websocket.Conn]*sync.Mutex // held while writing
	devices   []scanner.Device

	address  string
	http     *http.Server
	serving  sync.WaitGroup
	handling sync.WaitGroup
}

// record is what one producer sent.
type record struct {
	scans    []scanner.Scan
	outcomes []scanner.Outcome
}

// New makes a server that is not listening yet.
func New(token string) *Server {
	return &Server{Token: token, producers: map[string]*record{}, sockets: map[*websocket.Conn]*sync.Mutex{}, changed: make(chan struct{}), plate: 1, address: "127.0.0.1:0"}
}

// Start listens, at the same address after a Stop.
func (s *Server) Start() error {
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		return fmt.Errorf("start test server: %w", err)
	}
	s.address = l.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+wire.Path, s.station)
	mux.HandleFunc("GET "+wire.ExpectedPath, s.expected)
	mux.HandleFunc("POST /api/v1/stations/enroll", s.enroll)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	s.http = &http.Server{Handler: mux}
	s.serving.Go(func() { s.http.Serve(l) })
	return nil
}

// Stop cuts every socket and listens no more. What was committed stays.
func (s *Server) Stop() {
	s.http.Close()
	s.mu.Lock()
	for c := range s.sockets {
		c.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
	s.handling.Wait()
}

// URL of the server.
func (s *Server) URL() string { return "http://" + s.address }

func (s *Server) enroll(w http.ResponseWriter, r *http.Request) {
	var in struct{ Code, Hostname string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Code != "ABCDE-23456" {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"title":"code unknown","status":401,"code":"code_unknown","detail":"the code is wrong or was used already"}`)
		return
	}
	json.NewEncoder(w).Encode(map[string]string{"token": s.Token, "station": "ST-3", "bench": "3 号收货台"})
}

// expected answers with a snapshot in one page, or 304 to who has it.
func (s *Server) expected(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+s.Token {
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	if s.Expected == nil {
		http.NotFound(w, r)
		return
	}
	p := s.Expected()
	if after := r.URL.Query().Get("after"); after == p.Cursor && r.Header.Get("If-None-Match") == `"`+after+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Write(p.Encode())
}

func (s *Server) station(w http.ResponseWriter, r *http.Request) {
	s.handling.Add(1)
	defer s.handling.Done()
	s.mu.Lock()
	refused := s.revoked || r.Header.Get("Authorization") != "Bearer "+s.Token
	s.mu.Unlock()
	if refused {
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	up := websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}, CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	s.mu.Lock()
	writing := new(sync.Mutex)
	s.sockets[conn] = writing
	s.mu.Unlock()
	defer func() {
		conn.Close()
		s.mu.Lock()
		delete(s.sockets, conn)
		s.mu.Unlock()
	}()
	conn.SetReadLimit(wire.MaxMessage)
	s.talk(conn, writing)
}

func (s *Server) speaks() int {
	if s.Speaks == 0 {
		return wire.Version
	}
	return s.Speaks
}

// decode reads a message as a server of the version would: fields it does not know are malformed.
func (s *Server) decode(b []byte) (wire.FromStation, error) {
	m, err := wire.DecodeStation(b)
	if err != nil {
		return m, err
	}
	if content(m) != content(m.For(s.speaks())) {
		return m, fmt.Errorf("%w: %s has fields that version %d does not know", wire.ErrInvalid, m.Op, s.speaks())
	}
	return m, nil
}

func (s *Server) cut(p Place) bool { return s.Cut != nil && s.Cut(p) }

// breach notes that the station broke the protocol.
func (s *Server) breach(format string, args ...any) {
	s.breaches = append(s.breaches, fmt.Sprintf(format, args...))
	s.tell()
}

// tell wakes everybody who waits. The caller holds the lock.
func (s *Server) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) talk(conn *websocket.Conn, writing *sync.Mutex) {
	say := func(m wire.FromServer) bool {
		b, err := json.Marshal(m)
		writing.Lock()
		defer writing.Unlock()
		return err == nil && conn.WriteMessage(websocket.TextMessage, b) == nil
	}
	producer := ""
	for {
		_, b, err := conn.ReadMessage()
		if err != nil {
			return
		}
		m, err := s.decode(b)
		if err != nil {
			s.mu.Lock()
			s.breach("malformed message: %v", err)
			s.mu.Unlock()
			say(wire.FromServer{Op: wire.OpError, Code: wire.ErrMalformed, Message: err.Error(), Fatal: true})
			return
		}
		if (producer == "") != (m.Op == wire.OpHello) {
			s.mu.Lock()
			s.breach("%s while producer is %q", m.Op, producer)
			s.mu.Unlock()
			return
		}
		switch m.Op {
		case wire.OpHello:
			producer = m.Producer
			if s.cut(BeforeWelcome) || !s.hello(m, say) {
				return
			}
		case wire.OpLease:
			s.mu.Lock()
			block := wire.Block{First: s.plate, Count: m.Count}
			s.plate += int64(m.Count)
			s.mu.Unlock()
			if !say(wire.FromServer{Op: wire.OpPlates, Blocks: []wire.Block{block}}) {
				return
			}
		case wire.OpDevices:
			s.mu.Lock()
			s.devices = m.Devices
			s.tell()
			s.mu.Unlock()
		case wire.OpScans:
			if !s.scans(producer, m.Scans, say) {
				return
			}
		}
	}
}

func (s *Server) hello(m wire.FromStation, say func(wire.FromServer) bool) bool {
	s.mu.Lock()
	s.hellos++
	s.devices = m.Devices
	p := s.producers[m.Producer]
	if p == nil {
		p = new(record)
		s.producers[m.Producer] = p
		s.order = append(s.order, m.Producer)
	}
	last := uint64(len(p.scans))
	var backlog []scanner.Outcome
	if m.OutcomeSeq < last {
		backlog = append(backlog, p.outcomes[m.OutcomeSeq:]...)
	}
	s.tell()
	s.mu.Unlock()
	w := wire.FromServer{Op: wire.OpWelcome, Version: s.speaks(), ServerTime: clock.System{}.Now(), Station: "ST-3", LastSeq: last}
	if s.View != nil {
		w.View = s.View()
	}
	if !say(w) {
		return false
	}
	for len(backlog) > 0 {
		n := min(10, len(backlog)) // in pages, as a server with many would
		if !say(wire.FromServer{Op: wire.OpOutcomes, LastSeq: last, Outcomes: backlog[:n]}) {
			return false
		}
		backlog = backlog[n:]
	}
	return true
}

// scans commits one message.
func (s *Server) scans(producer string, scans []scanner.Scan, say func(wire.FromServer) bool) bool {
	if s.cut(BeforeCommit) {
		return false
	}
	if s.BatchFor > 0 {
		time.Sleep(s.BatchFor)
	}
	answer, refusal := s.commit(producer, scans)
	if refusal != "" {
		say(wire.FromServer{Op: wire.OpError, Code: refusal, Message: "seq", Fatal: refusal != wire.ErrSeqGap})
		return false
	}
	if s.cut(AfterCommit) {
		return false
	}
	if s.View != nil {
		answer.View = s.View()
	}
	return say(answer) && !s.cut(AfterAnswer)
}

func (s *Server) commit(producer string, scans []scanner.Scan) (answer wire.FromServer, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.tell()
	p := s.producers[producer]
	for _, scan := range scans {
		last := uint64(len(p.scans))
		switch {
		case scan.Seq > last+1:
			s.breach("seq %d after %d", scan.Seq, last)
			return answer, wire.ErrSeqGap
		case scan.Seq <= last:
			if content(scan) != content(p.scans[scan.Seq-1]) {
				return answer, wire.ErrSeqConflict
			}
		default:
			o := scanner.Outcome{Verdict: scanner.Accepted, Code: scanner.CodeMatched, Tone: scanner.ToneOK, Tote: scanner.BlueTote}
			if s.Decide != nil {
				o = s.Decide(scan)
			}
			o.Seq, o.At = scan.Seq, clock.System{}.Now()
			p.scans = append(p.scans, scan)
			p.outcomes = append(p.outcomes, o)
		}
		answer.Outcomes = append(answer.Outcomes, p.outcomes[scan.Seq-1])
	}
	answer.Op, answer.LastSeq = wire.OpOutcomes, uint64(len(p.scans))
	return answer, ""
}

func content(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(b))
}
