package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// ErrNoAgent says that nobody to ask is at work in a directory.
var ErrNoAgent = errors.New("no agent with a page runs here: start it with station run")

// Find says where the agent that runs in dir has its page, or ErrNoAgent. After a crash the answer may be of an agent that is not there any more.
func Find(dir string) (Running, error) {
	var r Running
	b, err := os.ReadFile(filepath.Join(dir, StatusFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("%s: %w", dir, ErrNoAgent)
	}
	if err != nil {
		return r, fmt.Errorf("status: %w", err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("status: %s is damaged: %w", filepath.Join(dir, StatusFile), err)
	}
	return r, nil
}

// Status asks the agent that runs in dir for its state.
func Status(ctx context.Context, dir string) (State, error) {
	var s State
	resp, err := call(ctx, dir, http.MethodGet, "/agent/state", nil)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return s, fmt.Errorf("status: the program at %s answered HTTP %d: it is not the agent of %s", resp.Request.URL.Host, resp.StatusCode, dir)
	}
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return State{}, fmt.Errorf("status: %w", err)
	}
	return s, nil
}

// Reprint asks the agent that runs in dir for a second label of a plate.
func Reprint(ctx context.Context, dir, plate, reason string) error {
	resp, err := call(ctx, dir, http.MethodPost, "/agent/print/reprint", ReprintRequest{Plate: plate, Reason: reason})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return nil
	}
	var p struct{ Code, Detail string }
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || p.Code == "" {
		return fmt.Errorf("reprint: the agent answered HTTP %d", resp.StatusCode)
	}
	return fmt.Errorf("reprint %s: %s (%s)", plate, p.Detail, p.Code)
}

// call talks to the agent that runs in dir, as its page does. The caller closes the body.
func call(ctx context.Context, dir, method, path string, body any) (*http.Response, error) {
	r, err := Find(dir)
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("ask the agent: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.Page+path, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("ask the agent: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.AddCookie(&http.Cookie{Name: PageCookie, Value: r.Token})
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return nil, fmt.Errorf("the agent in %s (process %d) does not answer; it was killed, or hangs: %w", dir, r.PID, err)
	}
	return resp, nil
}
