package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/backdock/backdock/scanner/expected"
	"github.com/backdock/backdock/scanner/wire"
)

const (
	// fetchEvery is how old the list of awaited returns grows while the link is up.
	fetchEvery = 20 * time.Second
	// snapshotEvery: what a delta may have missed (a server restored from a backup, a waybill that expired) is put right once a day.
	snapshotEvery = 24 * time.Hour

	fetchTimeout  = time.Minute
	fetchRetry    = 5 * time.Second
	fetchRetryMax = 5 * time.Minute
)

// fetch keeps the list of what the warehouse awaits, page by page, while the link is up.
type fetch struct {
	a      *Agent
	client http.Client
	url    string
	due    chan struct{}
	every  time.Duration // tests shorten it
}

func newFetch(a *Agent) *fetch {
	return &fetch{a: a, client: http.Client{Timeout: fetchTimeout}, url: strings.TrimSuffix(a.Server, "/") + wire.ExpectedPath, due: make(chan struct{}, 1), every: fetchEvery}
}

// wake asks for a look soon: the link has come.
func (f *fetch) wake() {
	select {
	case f.due <- struct{}{}:
	default:
	}
}

func (f *fetch) run(ctx context.Context) {
	defer f.client.CloseIdleConnections()
	retry, failing := fetchRetry, false
	wait := f.every
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.due:
		case <-time.After(wait):
		}
		if !f.a.online() {
			continue
		}
		switch err := f.all(ctx); {
		case ctx.Err() != nil:
			return
		case err == nil:
			wait, retry, failing = f.every, fetchRetry, false
		default:
			if !failing {
				f.a.Log.Warn("the list of awaited returns cannot be fetched; what is here is used while the link is down", "err", err)
			}
			wait, retry, failing = retry, min(2*retry, fetchRetryMax), true
		}
	}
}

// all fetches until nothing is new.
func (f *fetch) all(ctx context.Context) error {
	c := f.a.cache
	cursor := c.Cursor()
	if now := f.a.Clock.Now(); now.Sub(c.Since()) > snapshotEvery {
		cursor = ""
	}
	begun := false
	for {
		body, err := f.page(ctx, cursor)
		if err != nil {
			c.Abandon()
			return err
		}
		if body == nil {
			break // 304
		}
		p, err := c.Apply(body, f.a.Clock.Now())
		if errors.Is(err, expected.ErrOrder) || errors.Is(err, wire.ErrInvalid) || p.Begin && begun {
			c.Abandon()
			return fmt.Errorf("page after %q: %w", cursor, errors.Join(err, errors.New("it does not follow the one before it")))
		}
		if err != nil {
			f.a.Log.Warn("the list of awaited returns is in memory only", "err", err)
		}
		begun = begun || p.Begin
		if cursor = p.Cursor; p.Complete {
			break
		}
	}
	f.a.mu.Lock()
	f.a.checked = f.a.Clock.Now()
	f.a.mu.Unlock()
	return nil
}

// page asks for one page; nil when the cursor is the newest.
func (f *fetch) page(ctx context.Context, cursor string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url+"?after="+url.QueryEscape(cursor), nil)
	if err != nil {
		return nil, fmt.Errorf("ask for expected returns: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+f.a.Token)
	if cursor != "" {
		req.Header.Set("If-None-Match", `"`+cursor+`"`)
	}
	res, err := f.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask for expected returns: %w", err)
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusNotModified:
		return nil, nil
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, errors.New("the server is older than this agent and has no list of awaited returns")
	default:
		return nil, fmt.Errorf("ask for expected returns: %s", res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, wire.MaxExpectedPage+1))
	if err != nil {
		return nil, fmt.Errorf("read expected returns: %w", err)
	}
	return body, nil
}

func (a *Agent) online() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.link.Online
}
