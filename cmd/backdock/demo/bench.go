package demo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"
)

// bench is a packing station: an agent process, its virtual scanner, and the clerk who uses both.
type bench struct {
	number  int
	scanner *virtualScanner
	agent   *child
	page    *page
	clerk   *clerk
}

func openBench(ctx context.Context, w *world, admin *client, number int) (_ *bench, err error) {
	b := &bench{number: number}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	data := filepath.Join(w.o.Data, fmt.Sprint("station-", number))
	if err := w.enrol(ctx, admin, number, data); err != nil {
		return nil, err
	}
	if b.scanner, err = newScanner(); err != nil {
		return nil, err
	}
	addr, err := pageAddress(w.o.Page, number)
	if err != nil {
		return nil, err
	}
	if b.agent, err = start(ctx, w.o.Log, "station", "run", "--data", data, "--page", addr, "--device", b.scanner.url(), "--exit-with-stdin"); err != nil {
		return nil, err
	}
	ready, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if b.page, err = openPage(ready, "http://"+addr); err != nil {
		return nil, fmt.Errorf("bench %d: %w", number, err)
	}
	if err := b.page.until(ready, func() bool { return b.page.online && b.page.connected() }); err != nil {
		return nil, fmt.Errorf("bench %d did not come online: %w", number, err)
	}
	// An agent drops what precedes the first terminator after it opens a scanner: it may be the tail of a code.
	if err := b.scanner.send(""); err != nil {
		return nil, err
	}
	b.clerk = &clerk{scanner: b.scanner, page: b.page, wait: 30 * time.Second}
	return b, nil
}

// enrol gets a one-time code as the administrator and enrols the agent with it, unless its folder is enrolled already.
func (w *world) enrol(ctx context.Context, admin *client, number int, data string) error {
	var code struct {
		Code string `json:"code"`
	}
	body := map[string]any{"name": fmt.Sprint("station ", number), "bench": fmt.Sprint(warehouse, "/", number)}
	if err := admin.do(ctx, http.MethodPost, "/api/v1/stations", body, &code); err != nil {
		return fmt.Errorf("enrol bench %d: %w", number, err)
	}
	return run(ctx, w.o.Log, "station", "enroll", "--server", w.server.URL(), "--code", code.Code, "--data", data)
}

// pageAddress is 127.0.0.1 and the wanted port, or any free one when that is taken or none is wanted.
func pageAddress(first, number int) (string, error) {
	wanted := 0
	if first > 0 {
		wanted = first + number - 1
	}
	for _, port := range []int{wanted, 0} {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		defer l.Close()
		return l.Addr().String(), nil
	}
	return "", fmt.Errorf("no free port for the station page of bench %d", number)
}

func (b *bench) close() {
	if b.page != nil {
		b.page.close()
	}
	if b.agent != nil {
		_ = b.agent.stop()
	}
	if b.scanner != nil {
		b.scanner.close()
	}
}
