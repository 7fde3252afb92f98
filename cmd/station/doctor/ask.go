package doctor

import (
	"context"
	"net/http"
	"time"

	"github.com/backdock/backdock/scanner/uplink"
)

// answerWait is how long a server may take to say that it lives.
const answerWait = 10 * time.Second

// server asks it how it is and, while no agent has the station's only line, whether it takes this station.
func (m Machine) server(ctx context.Context, knock bool) Server {
	s := Server{URL: m.Server}
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.Server+"/healthz", nil)
	if err != nil {
		s.Err = err
		return s
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Err = err
		return s
	}
	_ = resp.Body.Close() // the head says it all
	s.Status, s.Asked = resp.StatusCode, m.Clock.Now()
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		s.Date = at
	}
	if knock && s.Status == http.StatusOK {
		s.Problem, s.Err = uplink.Knock(ctx, m.Server, m.Token)
	}
	return s
}
