package printer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
)

const (
	// defaultTimeout bounds opening, one answer and one write. A printer that takes no byte for so long is stuck.
	defaultTimeout = 5 * time.Second
	// pollPause is how often a printer is asked whether it is done.
	pollPause = 150 * time.Millisecond
)

// Printer is one label printer. It holds no connection between jobs: other programs may print, too.
type Printer struct {
	URL     string
	Name    string
	Timeout time.Duration
	Answers bool // it answers ~HS
	open    func(ctx context.Context) (conn, error)
}

// conn is an open printer.
type conn interface {
	io.ReadWriteCloser
	SetDeadline(time.Time) error
}

// New reads a printer's URL and opens nothing. Parameters: status=no for a printer that does not answer ~HS, timeout=5s, name. Others are not its own.
func New(raw string) (*Printer, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("printer URL: %w", err)
	}
	q := u.Query()
	p := &Printer{URL: raw, Name: q.Get("name"), Timeout: defaultTimeout, Answers: true}
	switch q.Get("status") {
	case "", "yes":
	case "no":
		p.Answers = false
	default:
		return nil, fmt.Errorf("printer URL %q: status=%q: want yes or no", raw, q.Get("status"))
	}
	if s := q.Get("timeout"); s != "" {
		if p.Timeout, err = time.ParseDuration(s); err != nil || p.Timeout < 100*time.Millisecond || p.Timeout > time.Minute {
			return nil, fmt.Errorf("printer URL %q: timeout=%q: want 100ms to 1m", raw, s)
		}
	}
	switch {
	case u.Scheme == "tcp" && u.Hostname() != "" && u.Port() != "" && (u.Path == "" || u.Path == "/"):
		p.open = func(ctx context.Context) (conn, error) { return dial(ctx, u.Host) }
	case u.Scheme == "file" && u.Host == "" && u.Path != "":
		p.open = func(context.Context) (conn, error) { return device(u.Path) }
	default:
		return nil, fmt.Errorf("printer URL %q: want tcp://host:9100 or file:///dev/usb/lp0", raw)
	}
	if p.Name == "" {
		p.Name = u.Host + u.Path
	}
	return p, nil
}

// Trouble is why a job or a question came to nothing.
type Trouble struct {
	State State
	// Doubt: the printer may have the whole job, so it may have printed it or may do so yet. Without it the job was not printed and never will be.
	Doubt bool
	Err   error
}

func (t *Trouble) Error() string {
	if t.Err == nil {
		return t.State.Sentence()
	}
	return t.State.Sentence() + " (" + t.Err.Error() + ")"
}

func (t *Trouble) Unwrap() error { return t.Err }

// Of makes a trouble of any error of this package.
func Of(err error) *Trouble {
	var t *Trouble
	if errors.As(err, &t) {
		return t
	}
	return &Trouble{State: Unreachable, Err: err}
}

// Status asks how the printer is doing. Without a back-channel it only finds out whether the printer is there.
func (p *Printer) Status(ctx context.Context) (Status, error) {
	l, err := p.line(ctx)
	if err != nil {
		return Status{}, err
	}
	defer l.end()
	if !p.Answers {
		return Status{}, nil
	}
	return l.ask(ctx)
}

// Print hands a job over and waits until it is printed, as far as the printer tells. watch hears each status meanwhile, in which a job may be stuck for as
// long as the roll is empty; it may be nil. Every error is a *Trouble.
func (p *Printer) Print(ctx context.Context, job []byte, watch func(State)) error {
	l, err := p.line(ctx)
	if err != nil {
		return err
	}
	defer l.end()
	if p.Answers {
		s, err := l.ask(ctx)
		if err != nil {
			return err
		}
		if s.State() != Ready {
			return &Trouble{State: s.State()}
		}
	}
	if err := l.hand(job); err != nil {
		return err
	}
	if !p.Answers {
		return l.farewell()
	}
	for {
		s, err := l.ask(ctx)
		if err != nil {
			t := Of(err)
			t.Doubt = true
			return t
		}
		if watch != nil {
			watch(s.State())
		}
		if s.idle() && s.State() == Ready {
			return nil
		}
		select {
		case <-ctx.Done():
			return &Trouble{State: s.State(), Doubt: true, Err: ctx.Err()}
		case <-time.After(pollPause):
		}
	}
}
