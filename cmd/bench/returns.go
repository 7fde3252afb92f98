package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/secret"
	"github.com/backdock/backdock/scanner"
)

// piecesOfReturn is how many pieces an ordinary return has; each is refunded by itself once it has passed its inspection.
const piecesOfReturn = 3

// returnsRig: whole returns through a real server, from the waybill's scan to the moment the (simulated) bank has accepted the last refund. The baseline is
// the time, or the rate, at which pgbench commits as many one-scan transactions as one return commits transactions that write.
func returnsRig(benches int, median bool) func(context.Context, *Floor) (*Rig, error) {
	return func(ctx context.Context, f *Floor) (*Rig, error) {
		scans, stop, err := pgbenchBaseline(ctx, f, load{benches: benches, window: 1})
		if err != nil {
			return nil, err
		}
		h, err := openHouse(ctx, f, benches)
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		commits, err := h.commitsOfReturn(ctx)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("count what a return commits: %w", err), h.Close(), stop())
		}
		return &Rig{
			Baseline: func(ctx context.Context) (float64, error) {
				tps, err := scans(ctx)
				if median {
					return float64(benches) * commits / tps * 1000, err
				}
				return tps / commits, err
			},
			Ours: func(ctx context.Context) (float64, error) {
				took, err := h.returns(ctx, f.Span)
				if err != nil {
					return 0, err
				}
				if median {
					return quantile(took, 0.5), nil
				}
				return float64(len(took)) / f.Span.Seconds(), nil
			},
			Close: func() error { return errors.Join(h.Close(), stop()) },
		}, nil
	}
}

// House is a server with clerks, an inspector and a bank.
type House struct {
	*Crew
	url       string
	bank      *Bank
	inspector *Client
}

func openHouse(ctx context.Context, f *Floor, benches int) (h *House, err error) {
	h = &House{}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	if h.url, err = f.Postgres(ctx); err != nil {
		return h, err
	}
	data, err := f.Dir()
	if err != nil {
		return h, err
	}
	keys, err := f.Dir()
	if err != nil {
		return h, err
	}
	if h.bank, err = OpenBank(ctx, filepath.Join(keys, "bank")); err != nil {
		return h, err
	}
	shape := func(s *Scene) { s.Lines, s.Each, s.Account = piecesOfReturn, 1, h.bank.MchID }
	// The vendor's minute between two refunds of one payment is the vendor's, not ours to measure.
	if h.Crew, err = f.crew(ctx, h.url, data, load{benches: benches, window: 1}, shape, "--payments", h.bank.File, "--min-gap", "1ms"); err != nil {
		return h, err
	}
	ring, err := secret.LoadFile(filepath.Join(data, "keyring"), false)
	if err != nil {
		return h, err
	}
	keeper := auth.New(h.scene.DB, event.NewLog(h.scene.DB, clock.System{}), clock.System{}, ring, auth.Options{})
	const password = "bench bench bench"
	if _, err := keeper.CreateUser(ctx, auth.NewUser{Username: "inspector", Display: "质检", Password: password, Grants: []auth.Grant{{Role: "inspector"}}}); err != nil {
		return h, err
	}
	h.inspector, err = Login(ctx, "http://"+h.server.Addr, "inspector", password)
	return h, err
}

// stockReturns sends n returns and tells the bank of their payments.
func (h *House) stockReturns(ctx context.Context, n int) error {
	before := len(h.scene.parcels)
	if err := h.scene.Stock(ctx, n); err != nil {
		return err
	}
	return h.bank.Seed(before, len(h.scene.parcels), 9900*piecesOfReturn)
}

// returns lets every bench take returns one after the other for span and gives the milliseconds each took.
func (h *House) returns(ctx context.Context, span time.Duration) ([]float64, error) {
	const most = 400 // a second: more than the machine can do
	if err := h.stockReturns(ctx, int(span.Seconds()*most)+2*len(h.stations)); err != nil {
		return nil, err
	}
	if err := Settle(ctx, h.url); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var took []float64
	_, err := together(ctx, len(h.stations), span, func(ctx context.Context, i int, until int64) (int, error) {
		n := 0
		for clock.Mono() < until && ctx.Err() == nil {
			begin := clock.Mono()
			if err := h.one(ctx, i); err != nil {
				return n, err
			}
			if end := clock.Mono(); end < until {
				mu.Lock()
				took = append(took, float64(end-begin)/1000)
				mu.Unlock()
				n++
			}
		}
		return n, nil
	})
	if err == nil && len(took) == 0 {
		err = errors.New("no return came to its end in time: a longer -span is needed")
	}
	return took, err
}

// one takes a return in at bench i, inspects its pieces and waits for the bank.
func (h *House) one(ctx context.Context, i int) error {
	st := h.stations[i]
	scan, _, err := st.clerk.Next()
	if err != nil {
		return err
	}
	parcel := st.clerk.parcel
	paid := h.bank.Expect(transactionID(parcel.Number), piecesOfReturn)
	plates := make([]string, 0, piecesOfReturn)
	for {
		if err := st.scan(scan); err != nil {
			return err
		}
		if scan.Plate != "" {
			plates = append(plates, scan.Plate)
		}
		if scan.Data == done {
			break
		}
		if scan, _, err = st.clerk.Next(); err != nil {
			return err
		}
	}
	for _, p := range plates {
		if err := h.inspector.pass(ctx, p); err != nil {
			return err
		}
	}
	select {
	case <-paid:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(60 * time.Second):
		return fmt.Errorf("the bank has not accepted the refunds of parcel %s", parcel.Waybill)
	}
}

// scan sends one scan and waits for its answer; plates are asked for when few are left.
func (s *Station) scan(scan scanner.Scan) error {
	s.inFlight[scan.Seq] = scan.Plate != ""
	if err := s.sendScans(scan); err != nil {
		return err
	}
	for len(s.inFlight) > 0 || s.leasing {
		if _, err := s.settle(); err != nil {
			return err
		}
	}
	return nil
}

// commitsOfReturn counts the transactions that write, per return, at one bench: what the whole server commits less what it commits when it is idle.
// A savepoint that writes counts as one too.
func (h *House) commitsOfReturn(ctx context.Context) (float64, error) {
	const sample, warm = 12, 3
	if err := h.stockReturns(ctx, sample+warm); err != nil {
		return 0, err
	}
	for range warm { // caches, first connections
		if err := h.one(ctx, 0); err != nil {
			return 0, err
		}
	}
	idle, err := h.transactions(ctx, func() error {
		select {
		case <-time.After(2 * time.Second):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	if err != nil {
		return 0, err
	}
	begin := clock.Mono()
	busy, err := h.transactions(ctx, func() error {
		for range sample {
			if err := h.one(ctx, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	seconds := float64(clock.Mono()-begin) / 1e6
	n := (busy - idle/2*seconds) / sample
	if n < piecesOfReturn {
		return 0, fmt.Errorf("%.1f transactions a return: less than it has pieces", n)
	}
	return n, nil
}

// transactions counts the transaction numbers that the cluster gives out during act.
func (h *House) transactions(ctx context.Context, act func() error) (float64, error) {
	conn, err := pgx.Connect(ctx, h.url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	var next [2]int64
	for i := range next {
		if err := conn.QueryRow(ctx, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").Scan(&next[i]); err != nil {
			return 0, err
		}
		if i == 0 {
			if err := act(); err != nil {
				return 0, err
			}
		}
	}
	return float64(next[1] - next[0]), nil
}

// Close ends it all.
func (h *House) Close() error {
	var errs []error
	if h.Crew != nil {
		errs = append(errs, h.Crew.Close())
	}
	if h.bank != nil {
		errs = append(errs, h.bank.Close())
	}
	return errors.Join(errs...)
}

// pass grades a piece as new, as an inspector does who looks at it first.
func (c *Client) pass(ctx context.Context, plate string) error {
	var unit struct {
		Version   int64 `json:"version"`
		Checklist []struct {
			Key string `json:"key"`
		} `json:"checklist"`
	}
	if err := c.do(ctx, http.MethodGet, "/api/v1/units/"+plate, nil, &unit); err != nil {
		return err
	}
	checks := map[string]bool{}
	for _, k := range unit.Checklist {
		checks[k.Key] = true
	}
	return c.do(ctx, http.MethodPost, "/api/v1/units/"+plate+"/inspection", map[string]any{"grade": "A", "disposition": "restock", "checks": checks, "note": "", "version": unit.Version}, nil)
}
