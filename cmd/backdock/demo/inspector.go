package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// leaveEvery is how many units the scripted inspector passes over for the visitor: one of so many.
const leaveEvery = 9

type unitRow struct {
	Plate     string `json:"plate"`
	Account   string `json:"account"`
	Finding   string `json:"finding"`
	Condition string `json:"condition"`
}

type unitDetail struct {
	unitRow
	Version   int64 `json:"version"`
	Checklist []struct {
		Key string `json:"key"`
	} `json:"checklist"`
}

// inspector works through the public API like anybody at a QC bench.
type inspector struct {
	client *client
	seen   map[string]bool
	count  int
	done   int
}

// round inspects what waits in quarantine and has not been looked at. pause is the time a unit takes.
func (i *inspector) round(ctx context.Context, pause time.Duration) error {
	for cursor := ""; ; {
		var list struct {
			Items []unitRow `json:"items"`
			Next  string    `json:"next"`
		}
		q := url.Values{"state": {"quarantine"}, "warehouse": {warehouse}, "limit": {"100"}, "cursor": {cursor}}
		if err := i.client.do(ctx, http.MethodGet, "/api/v1/units?"+q.Encode(), nil, &list); err != nil {
			return fmt.Errorf("inspector: %w", err)
		}
		for _, u := range list.Items {
			if i.seen[u.Plate] {
				continue
			}
			i.seen[u.Plate] = true
			if i.count++; i.count%leaveEvery == 0 {
				continue
			}
			if err := i.inspect(ctx, u); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(pause):
			}
		}
		if cursor = list.Next; cursor == "" {
			return nil
		}
	}
}

func (i *inspector) inspect(ctx context.Context, row unitRow) error {
	var u unitDetail
	path := "/api/v1/units/" + url.PathEscape(row.Plate)
	if err := i.client.do(ctx, http.MethodGet, path, nil, &u); err != nil {
		return fmt.Errorf("inspector opens %s: %w", row.Plate, err)
	}
	grade, note := "A", ""
	switch {
	case u.Condition == "damaged":
		grade, note = "D", "破损,无法再售"
	case u.Condition == "dirty" || i.count%17 == 0:
		grade, note = "B", "外包装有使用痕迹"
	case i.count%23 == 0:
		grade, note = "C", "需维修"
	}
	checks := map[string]bool{}
	for _, c := range u.Checklist {
		checks[c.Key] = true
	}
	body := map[string]any{"grade": grade, "disposition": map[string]string{"A": "restock", "B": "restock_b", "C": "repair", "D": "scrap"}[grade],
		"checks": checks, "note": note, "version": u.Version}
	err := i.client.do(ctx, http.MethodPost, path+"/inspection", body, nil)
	if p, ok := errors.AsType[*problem](err); ok && p.Status == http.StatusConflict {
		return nil // a clerk took the scan back, or a visitor was faster
	}
	if err != nil {
		return fmt.Errorf("inspector grades %s: %w", row.Plate, err)
	}
	i.done++
	return nil
}
