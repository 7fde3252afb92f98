package doctor

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime"

	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/agent"
)

// about is the part of the agent's state that a report holds: neither the open parcel nor recent scans, which may tell of a buyer.
type about struct {
	Version    string           `json:"version"`
	System     string           `json:"system"`
	Link       *agent.Link      `json:"link,omitempty"`
	Devices    []scanner.Device `json:"devices,omitempty"`
	Notices    []agent.Notice   `json:"notices,omitempty"`
	PlatesLeft int              `json:"plates_left"`
}

// WriteReport writes a ZIP file of findings, devices, the agent's state and the logs of the scanners. It holds no token, no buyer and no parcel; of codes
// what the logs keep. The file must not be there yet.
func WriteReport(path, version string, f Facts, found []Finding) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	z := zip.NewWriter(file)
	state := about{Version: version, System: runtime.GOOS + "/" + runtime.GOARCH}
	if s := f.Agent.State; s != nil {
		link := s.Link
		state.Link, state.Devices, state.PlatesLeft = &link, s.Devices, s.PlatesLeft
		for _, n := range s.Notices {
			n.Data = "" // the last scan
			state.Notices = append(state.Notices, n)
		}
	}
	err = errors.Join(put(z, "findings.json", found), put(z, "devices.json", f.Devices), put(z, "agent.json", state))
	for name, entries := range f.Logs {
		err = errors.Join(err, put(z, "logs/"+url.QueryEscape(name)+".json", entries))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		return fmt.Errorf("report %s: %w", path, err)
	}
	return nil
}

func put(z *zip.Writer, name string, v any) error {
	w, err := z.Create(name)
	if err != nil {
		return err
	}
	return encode(w, v)
}

func encode(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(v)
}
