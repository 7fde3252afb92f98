package place

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// Report says what became of each record of an import.
type Report struct {
	Records   int
	Created   int
	Updated   int
	Unchanged int
	Failed    int
	Errors    []Problem
}

// Problem is why a record was refused.
type Problem struct {
	Row                  int // 1 is the first line after the header
	Field, Code, Message string
}

var columns = []string{"warehouse", "code", "kind", "capacity"}

// Import reads bins and totes from CSV with the columns warehouse, code, kind and capacity, in any order. A record that is wrong is reported and leaves the
// others alone. A place that is known gets the capacity that the file says; its kind changes only while nothing lies there.
func Import(ctx context.Context, d *db.DB, r io.Reader) (Report, error) {
	var rep Report
	in := csv.NewReader(r)
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if err != nil {
		return rep, fault.New(fault.Invalid, "csv_header", "the file has no header: want %s", strings.Join(columns, ","))
	}
	head[0] = strings.TrimPrefix(head[0], "\uFEFF")
	at := map[string]int{}
	for i, h := range head {
		at[strings.ToLower(strings.TrimSpace(h))] = i
	}
	for _, c := range columns {
		if _, ok := at[c]; !ok {
			return rep, fault.New(fault.Invalid, "csv_header", "the header has no column %s: want %s", c, strings.Join(columns, ","))
		}
	}
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rep, nil
		}
		rep.Records++
		if err != nil {
			rep.refuse("", fault.New(fault.Invalid, "csv_record", "%v", err))
			continue
		}
		field := func(name string) string {
			if i := at[name]; i < len(rec) {
				return strings.TrimSpace(rec[i])
			}
			return ""
		}
		if err := rep.apply(ctx, d, field); err != nil {
			return rep, err
		}
	}
}

func (r *Report) refuse(field string, f *fault.Error) {
	r.Failed++
	r.Errors = append(r.Errors, Problem{Row: r.Records, Field: field, Code: f.Code, Message: f.Message})
}

// apply imports one record. Only the database's failure is an error.
func (r *Report) apply(ctx context.Context, d *db.DB, field func(string) string) error {
	code, ok := Code(field("code"))
	if !ok {
		r.refuse("code", fault.New(fault.Invalid, "place_code", "%q is no code of a bin (B-…) or a tote (T-…)", field("code")))
		return nil
	}
	kind := Kind(strings.ToLower(field("kind")))
	if !slices.Contains(Kinds, kind) || kind.Tote() != strings.HasPrefix(code, "T-") {
		r.refuse("kind", fault.New(fault.Invalid, "place_kind", "%s cannot be %q: bins are shelf, second, hold, repair, outbound or hazard, totes tote_blue, tote_yellow, tote_red or tote_hazard", code, kind))
		return nil
	}
	capacity, err := strconv.Atoi(field("capacity"))
	if err != nil || capacity < 1 || capacity > 1_000_000 {
		r.refuse("capacity", fault.New(fault.Invalid, "place_capacity", "capacity is a number of pieces from 1 on, not %q", field("capacity")))
		return nil
	}
	var count *int
	err = d.InTx(ctx, func(tx *gorm.DB) (err error) {
		count, err = r.write(tx.WithContext(ctx), field("warehouse"), Place{Code: code, Kind: kind, Capacity: capacity})
		return err
	})
	if f, ok := errors.AsType[*fault.Error](err); ok {
		r.refuse("", f)
		return nil
	}
	if err == nil {
		*count++
	}
	return err
}

// write brings the database to what the record says and returns the count it belongs in.
func (r *Report) write(tx *gorm.DB, warehouse string, p Place) (*int, error) {
	var ws []id.Warehouse
	if err := tx.Raw("SELECT id FROM warehouses WHERE code = ?", warehouse).Scan(&ws).Error; err != nil {
		return nil, fmt.Errorf("read warehouse: %w", err)
	}
	if len(ws) == 0 {
		return nil, fault.New(fault.NotFound, "warehouse_not_found", "there is no warehouse %q", warehouse)
	}
	p.WarehouseID = ws[0]
	var was Place
	if err := db.Lock(tx).Where("warehouse_id = ? AND code = ?", p.WarehouseID, p.Code).Limit(1).Find(&was).Error; err != nil {
		return nil, fmt.Errorf("read place %s: %w", p.Code, err)
	}
	switch {
	case was.ID == 0:
		if err := tx.Create(&p).Error; err != nil {
			return nil, fmt.Errorf("create place %s: %w", p.Code, err)
		}
		return &r.Created, nil
	case was.Kind == p.Kind && was.Capacity == p.Capacity:
		return &r.Unchanged, nil
	case p.Capacity < was.Held || p.Kind != was.Kind && was.Held > 0:
		return nil, fault.New(fault.Conflict, "place_in_use", "%s holds %d pieces: empty it before it becomes smaller or something else", p.Code, was.Held).With("place", p.Code)
	}
	res := tx.Model(&Place{}).Where("id = ?", was.ID).Updates(map[string]any{"kind": p.Kind, "capacity": p.Capacity})
	return &r.Updated, wrap("update place "+p.Code, res.Error)
}
