package agent

import (
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
	r, err := Find(dir)
	if err != nil {
		return State{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Page+"/agent/state", nil)
	if err != nil {
		return State{}, fmt.Errorf("status: %w", err)
	}
	req.AddCookie(&http.Cookie{Name: PageCookie, Value: r.Token})
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return State{}, fmt.Errorf("the agent in %s (process %d) does not answer; it was killed, or hangs: %w", dir, r.PID, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return State{}, fmt.Errorf("status: the program at %s answered HTTP %d: it is not the agent of %s", r.Page, resp.StatusCode, dir)
	}
	var s State
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return State{}, fmt.Errorf("status: %w", err)
	}
	return s, nil
}
