package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/backdock/backdock/scanner/journal"
)

// enrolment is what makes this computer a station, kept in the data directory for its owner only.
type enrolment struct {
	Server  string `json:"server"`
	Token   string `json:"token"`
	Station string `json:"station"`
	Bench   string `json:"bench"`
}

func enrolmentFile(dir string) string { return filepath.Join(dir, "station.json") }

func loadEnrolment(dir string) (enrolment, error) {
	var e enrolment
	b, err := os.ReadFile(enrolmentFile(dir))
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("%s is damaged: enrol this computer again: %w", enrolmentFile(dir), err)
	}
	return e, nil
}

type enrollCmd struct {
	Server string `help:"URL of the server." required:"" placeholder:"URL" env:"STATION_SERVER"`
	Code   string `help:"One-time code of the station, from the server's stations screen or backdock station enroll." required:"" placeholder:"CODE" env:"STATION_CODE"`
}

func (c *enrollCmd) Run(ctx context.Context, all *command) error {
	fresh, err := prepare(all.Data)
	if err != nil {
		return err
	}
	e, err := c.enroll(ctx)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(enrolmentFile(all.Data)+".part", append(b, '\n'), 0o600); err != nil {
		return err
	}
	if err := os.Rename(enrolmentFile(all.Data)+".part", enrolmentFile(all.Data)); err != nil {
		return err
	}
	fmt.Printf("Enrolled as %s, bench %s. Start it with: station --data %s run --device URL\n", e.Station, e.Bench, all.Data)
	if fresh {
		fmt.Println("The journal of the earlier enrolment is kept aside; a new one begins.")
	}
	return nil
}

// prepare makes the journal ready for another station: scans under way belong to the earlier enrolment, and only it can send them.
func prepare(dir string) (fresh bool, err error) {
	j, err := journal.Open(dir)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	if n := j.NextSeq() - 1 - j.OutcomeSeq(); n > 0 {
		return false, fmt.Errorf("%d scans in %s have not been answered yet: run the agent until they are, or enrol into another --data directory", n, dir)
	}
	if _, err := os.Stat(enrolmentFile(dir)); errors.Is(err, fs.ErrNotExist) || j.NextSeq() == 1 {
		return false, nil
	}
	_, err = j.Renew(j.NextSeq())
	return err == nil, err
}

func (c *enrollCmd) enroll(ctx context.Context) (enrolment, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	body, err := json.Marshal(map[string]string{"code": strings.ToUpper(strings.TrimSpace(c.Code)), "hostname": host})
	if err != nil {
		return enrolment{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	server := strings.TrimSuffix(c.Server, "/")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/api/v1/stations/enroll", bytes.NewReader(body))
	if err != nil {
		return enrolment{}, fmt.Errorf("server URL %q: %w", c.Server, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return enrolment{}, fmt.Errorf("the server cannot be reached: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return enrolment{}, fmt.Errorf("enrol: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		var p struct{ Title, Detail, Code string }
		if json.Unmarshal(b, &p) != nil || p.Title+p.Detail == "" {
			return enrolment{}, fmt.Errorf("enrol: %s answered HTTP %d: is this the address of a Backdock server?", server, resp.StatusCode)
		}
		return enrolment{}, fmt.Errorf("enrol: %s (%s)", strings.TrimSpace(p.Title+": "+p.Detail), p.Code)
	}
	e := enrolment{Server: server}
	if err := json.Unmarshal(b, &e); err != nil || e.Token == "" {
		return enrolment{}, fmt.Errorf("enrol: %s gave no token: is this the address of a Backdock server?", server)
	}
	e.Server = server
	return e, nil
}
