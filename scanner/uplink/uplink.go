package uplink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/journal"
	"github.com/backdock/backdock/scanner/wire"
)

const (
	// Window is how many scans may be under way without an answer.
	Window = 64
	// BatchScans is the most scans of one message; the server takes as many into one transaction.
	BatchScans = 16
	// PlatesLow is when more license plates are asked for, PlatesLease how many: a bench that loses the server in the morning must not run out by night.
	PlatesLow   = 12_000
	PlatesLease = 10_000

	dialTimeout  = 10 * time.Second
	writeTimeout = 10 * time.Second
	pingEvery    = 15 * time.Second
	silence      = 45 * time.Second // without a byte from the server the socket is dead
	retryMin     = 200 * time.Millisecond
	retryMax     = 15 * time.Second
)

// Link is how the uplink is doing.
type Link struct {
	Online   bool
	Since    time.Time // of Online
	Problem  string    // why it is offline when waiting does not help: station_revoked, producer_foreign, …
	Offset   time.Duration
	Acked    uint64 // newest seq that the server has committed, as far as known
	Producer string // as of the newest session; changes when the journal was renewed
	Station  string // the server's name for this station
}

// Sink hears what comes back. Calls come one at a time and must not block.
type Sink interface {
	Linked(Link)
	Answered(producer string, outcomes []scanner.Outcome, acked uint64) // outcomes are stored; acked scans may lack theirs
	Viewed(scanner.BenchView)
}

// Config is what an uplink needs. All fields are required but Devices.
type Config struct {
	Server  string // http:// or https:// URL of the server
	Token   string
	Agent   string // program version
	Journal *journal.Journal
	Sink    Sink
	Clock   clock.Clock
	Log     *slog.Logger
	Devices func() []scanner.Device
}

// Uplink carries one journal. Make it with New, then Run it.
type Uplink struct {
	Config
	url     string
	dialer  websocket.Dialer
	scans   chan struct{}
	devices chan struct{}

	mu   sync.Mutex
	link Link

	retryMax time.Duration // tests cut sockets by the hundred and shorten it
	said     string        // why the last session ended
	suspect  bool          // the journal may have diverged from the server's copy: probe
}

// New checks the server's URL.
func New(c Config) (*Uplink, error) {
	address, err := socketURL(c.Server)
	if err != nil {
		return nil, err
	}
	return &Uplink{
		Config:   c,
		url:      address,
		dialer:   newDialer(),
		scans:    make(chan struct{}, 1),
		devices:  make(chan struct{}, 1),
		retryMax: retryMax,
		link:     Link{Since: c.Clock.Now(), Producer: c.Journal.Producer(), Acked: c.Journal.OutcomeSeq()},
	}, nil
}

// socketURL is where the server at an http:// or https:// URL has its station socket.
func socketURL(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("server URL: %w", err)
	}
	switch u.Scheme {
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	default:
		return "", fmt.Errorf("server URL %q: want http://host or https://host", server)
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + wire.Path
	return u.String(), nil
}

func newDialer() websocket.Dialer {
	return websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: dialTimeout, Subprotocols: []string{wire.Subprotocol}}
}

// Notify says that a scan was journalled.
func (u *Uplink) Notify() { poke(u.scans) }

// DevicesChanged says that a device came, went or failed.
func (u *Uplink) DevicesChanged() { poke(u.devices) }

// poke never blocks: one pending wake-up is as good as many.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Link tells the present state.
func (u *Uplink) Link() Link {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.link
}

// set changes the link's state and tells the sink.
func (u *Uplink) set(change func(*Link)) {
	u.mu.Lock()
	before := u.link
	change(&u.link)
	if u.link.Online != before.Online {
		u.link.Since = u.Clock.Now()
	}
	now := u.link
	u.mu.Unlock()
	if now != before {
		u.Sink.Linked(now)
	}
}

// Run keeps a session until ctx ends. It returns only then, or when the journal failed.
func (u *Uplink) Run(ctx context.Context) error {
	tries := 0
	for {
		stored := u.Journal.OutcomeSeq()
		err := u.session(ctx)
		if u.Journal.OutcomeSeq() != stored {
			tries = 0 // it worked: what ended it is not what kept it from beginning
		}
		if ctx.Err() != nil {
			return nil
		}
		var broken *journalError
		if errors.As(err, &broken) {
			u.set(func(l *Link) { l.Online, l.Problem = false, "journal_failed" })
			return fmt.Errorf("uplink: %w", err)
		}
		wait := u.after(err, &tries)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// after decides how long to wait behind a session's end, and says why it ended.
func (u *Uplink) after(err error, tries *int) time.Duration {
	var refused *refusal
	problem := ""
	wait := jitter(min(u.retryMax, retryMin<<min(*tries, 10)))
	*tries++
	if errors.As(err, &refused) {
		problem = refused.problem
		wait = max(wait, jitter(refused.wait))
	}
	if errors.Is(err, errRenewed) {
		wait = 0
	}
	u.set(func(l *Link) { l.Online, l.Problem = false, problem })
	level := slog.LevelInfo
	if problem != "" {
		level = slog.LevelWarn
	}
	if said := err.Error(); said == u.said {
		level = slog.LevelDebug // a server that is away all night is one line, not thousands
	} else {
		u.said = said
	}
	u.Log.Log(context.Background(), level, "uplink ended", "err", err, "retry_in", wait.Round(time.Millisecond))
	return wait
}

// jitter spreads the stations of a warehouse whose server restarts: between half and all of d.
func jitter(d time.Duration) time.Duration {
	b := id.Random(2)
	part := int64(b[0])<<8 | int64(b[1])
	return d/2 + time.Duration(int64(d/2)*part>>16)
}

// dial opens the socket.
func (u *Uplink) dial(ctx context.Context) (*websocket.Conn, error) {
	return dial(ctx, u.dialer, u.url, u.Token)
}

func dial(ctx context.Context, dialer websocket.Dialer, address, token string) (*websocket.Conn, error) {
	header := http.Header{"Authorization": {"Bearer " + token}}
	conn, resp, err := dialer.DialContext(ctx, address, header)
	if err != nil {
		if resp != nil && (resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden) {
			return nil, &refusal{problem: wire.ErrRevoked, wait: time.Minute, err: fmt.Errorf("the server does not know this station any more (HTTP %d): enrol it again", resp.StatusCode)}
		}
		if resp != nil {
			return nil, fmt.Errorf("dial: HTTP %d: %w", resp.StatusCode, err)
		}
		return nil, fmt.Errorf("dial: %w", err)
	}
	if conn.Subprotocol() != wire.Subprotocol {
		err := &refusal{problem: wire.ErrVersion, wait: time.Minute, err: fmt.Errorf("the server does not speak %s", wire.Subprotocol)}
		return nil, errors.Join(err, conn.Close())
	}
	conn.SetReadLimit(wire.MaxMessage)
	return conn, nil
}

// Knock opens the station's socket and closes it again without a word: it tells whether the server takes this token and speaks this protocol. problem is
// the code of a refusal that waiting does not mend. Not for a station whose agent is at work: the server keeps one socket of each, the newest.
func Knock(ctx context.Context, server, token string) (problem string, err error) {
	address, err := socketURL(server)
	if err != nil {
		return "", err
	}
	conn, err := dial(ctx, newDialer(), address, token)
	var refused *refusal
	if errors.As(err, &refused) && refused.problem != "" {
		return refused.problem, nil
	}
	if err != nil {
		return "", err
	}
	return "", conn.Close()
}

// refusal is an error of the server.
type refusal struct {
	problem string        // shown to people, empty when it passes by itself
	wait    time.Duration // before trying again
	err     error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// journalError is a failure of this machine's disk, which no reconnecting mends.
type journalError struct{ err error }

func (e *journalError) Error() string { return e.err.Error() }
func (e *journalError) Unwrap() error { return e.err }

var (
	errRenewed  = errors.New("the journal has a new producer")
	errConflict = errors.New("the server knows this seq with other content")
	errGap      = errors.New("the server missed a seq")
)

// refused makes an error of an error message.
func refused(m wire.FromServer) error {
	wait := time.Duration(m.RetryAfterMS) * time.Millisecond
	err := fmt.Errorf("server: %s: %s", m.Code, m.Message)
	switch m.Code {
	case wire.ErrSeqConflict:
		return fmt.Errorf("%w (%w)", errConflict, err)
	case wire.ErrSeqGap:
		return fmt.Errorf("%w (%w)", errGap, err)
	case wire.ErrBusy, wire.ErrGoingAway:
		return &refusal{wait: wait, err: err}
	case wire.ErrReplaced:
		return &refusal{problem: m.Code, wait: max(wait, 15*time.Second), err: err}
	case wire.ErrRevoked, wire.ErrVersion, wire.ErrProducer:
		return &refusal{problem: m.Code, wait: max(wait, time.Minute), err: err}
	}
	return &refusal{problem: m.Code, wait: max(wait, 10*time.Second), err: err}
}

// encode writes a message as the protocol wants it.
func encode(m wire.FromStation) ([]byte, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", m.Op, err)
	}
	return b, nil
}
