package report

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/scanner"
)

// StationRow is one station in the list.
type StationRow struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Warehouse string          `json:"warehouse"`
	Number    int             `json:"number"`
	Bench     string          `json:"bench"`
	Clerk     string          `json:"clerk"`
	State     string          `json:"state" enum:"ok,fallback,idle,offline,waiting" doc:"waiting: not enrolled yet"`
	Version   string          `json:"version"`
	Hostname  string          `json:"hostname"`
	SeenAt    *time.Time      `json:"seen_at,omitempty"`
	LastScan  *time.Time      `json:"last_scan,omitempty"`
	Revoked   bool            `json:"revoked"`
	Devices   []StationDevice `json:"devices"`
}

// StationDevice is one scanner of it.
type StationDevice struct {
	Name     string     `json:"name"`
	State    string     `json:"state"`
	Detail   string     `json:"detail,omitempty" doc:"what is wrong, in English"`
	Code     string     `json:"code,omitempty" doc:"what is wrong, for a text in the reader's language; older stations send none"`
	About    string     `json:"about,omitempty" doc:"what code is about: a device file, URLs, the system's own words"`
	LastScan *time.Time `json:"last_scan,omitempty"`
}

type stationRow struct {
	ID                                             id.Station
	Name, Warehouse, Bench, Clerk, Agent, Hostname string
	Number                                         int
	Devices                                        string
	Online                                         bool
	WarehouseID                                    id.Warehouse
	EnrolledAt, SeenAt, LastScanAt, RevokedAt      *time.Time
}

const stationSelect = `
SELECT t.id, t.name, w.code AS warehouse, b.name AS bench, b.number, COALESCE(p.display, '') AS clerk, t.agent, t.hostname, t.devices, t.online, t.warehouse_id, t.enrolled_at, t.seen_at,
  b.last_scan_at, t.revoked_at
FROM stations t JOIN benches b ON b.id = t.bench_id JOIN warehouses w ON w.id = t.warehouse_id LEFT JOIN users p ON p.id = b.operator_id `

// Stations lists the stations of every warehouse a scope reaches, revoked ones last.
func (r *Reports) Stations(ctx context.Context, s auth.Scope) (Page[StationRow], error) {
	rows, err := scan[stationRow](r.db.From(ctx), "stations", stationSelect+"ORDER BY CASE WHEN t.revoked_at IS NULL THEN 0 ELSE 1 END, w.code, b.number, t.id LIMIT 1000")
	out := Page[StationRow]{Items: []StationRow{}}
	for _, t := range rows {
		if !s.Site(t.WarehouseID) {
			continue
		}
		p, err := t.public(r.clock.Now())
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, p)
	}
	return out, err
}

// Station reads one station.
func (r *Reports) Station(ctx context.Context, station id.Station) (StationRow, error) {
	t, err := one[stationRow](r.db.From(ctx), "station", stationSelect+"WHERE t.id = ?", station)
	if err != nil {
		return StationRow{}, err
	}
	return t.public(r.clock.Now())
}

func (t stationRow) public(now time.Time) (StationRow, error) {
	utc(t.SeenAt, t.LastScanAt)
	out := StationRow{ID: strconv.FormatInt(int64(t.ID), 10), Name: t.Name, Warehouse: t.Warehouse, Number: t.Number, Bench: t.Bench, Clerk: t.Clerk, Version: t.Agent,
		Hostname: t.Hostname, SeenAt: t.SeenAt, LastScan: t.LastScanAt, Revoked: t.RevokedAt != nil, Devices: []StationDevice{}}
	if err := json.Unmarshal([]byte(t.Devices), &out.Devices); err != nil {
		return out, fmt.Errorf("devices of station %d: %w", t.ID, err)
	}
	states := make([]DeviceState, len(out.Devices))
	for i, d := range out.Devices {
		states[i] = DeviceState{d.Name, d.State}
	}
	out.State = stationState(t.Online, states, t.LastScanAt, now)
	if t.EnrolledAt == nil {
		out.State = "waiting"
	}
	return out, nil
}

// Bench is a working place.
type Bench struct {
	ID          id.Bench
	WarehouseID id.Warehouse
	Warehouse   string
	Number      int
	Name        string
	Kind        string
	Plates      string
}

const benchSelect = "SELECT b.id, b.warehouse_id, w.code AS warehouse, b.number, b.name, b.kind, b.plates FROM benches b JOIN warehouses w ON w.id = b.warehouse_id "

// Bench reads one bench.
func (r *Reports) Bench(ctx context.Context, bench id.Bench) (Bench, error) {
	return one[Bench](r.db.From(ctx), "bench", benchSelect+"WHERE b.id = ?", bench)
}

// Benches lists the working places of every warehouse whose goods a scope covers.
func (r *Reports) Benches(ctx context.Context, s auth.Scope) (Page[BenchRow], error) {
	rows, err := scan[Bench](r.db.From(ctx), "benches", benchSelect+"ORDER BY w.code, b.number")
	out := Page[BenchRow]{Items: []BenchRow{}}
	for _, b := range rows {
		if s.Warehouse(b.WarehouseID) {
			out.Items = append(out.Items, b.Row())
		}
	}
	return out, err
}

// BenchRow is one working place in a list.
type BenchRow struct {
	Bench     string `json:"bench" doc:"warehouse code and number, as HZ1/3"`
	Name      string `json:"name"`
	Warehouse string `json:"warehouse"`
	Kind      string `json:"kind" enum:"receiving,dock,qc,putaway"`
	Plates    string `json:"plates" enum:"printed,preprinted" doc:"where the license plates of its pieces come from"`
}

// Row is the bench in a list.
func (b Bench) Row() BenchRow {
	plates := "printed"
	if b.Plates == string(scanner.PlatesPreprinted) {
		plates = "preprinted"
	}
	return BenchRow{Bench: b.Warehouse + "/" + strconv.Itoa(b.Number), Name: b.Name, Warehouse: b.Warehouse, Kind: b.Kind, Plates: plates}
}

// BenchNamed finds a bench within a scope by "HZ1/3", by its number where that is enough, or by its name.
func (r *Reports) BenchNamed(ctx context.Context, s auth.Scope, name string) (Bench, error) {
	rows, err := scan[Bench](r.db.From(ctx), "benches", benchSelect+"ORDER BY w.code, b.number")
	if err != nil {
		return Bench{}, err
	}
	var found []Bench
	for _, b := range rows {
		number := strconv.Itoa(b.Number)
		if s.Site(b.WarehouseID) && (strings.EqualFold(name, b.Warehouse+"/"+number) || name == number || name == b.Name) {
			found = append(found, b)
		}
	}
	switch len(found) {
	case 0:
		return Bench{}, fault.New(fault.NotFound, "bench_not_found", "there is no bench %q: name it by warehouse and number, as HZ1/3", name)
	case 1:
		return found[0], nil
	}
	return Bench{}, fault.New(fault.Conflict, "bench_ambiguous", "several warehouses have a bench %q: name it by warehouse and number, as HZ1/3", name)
}
