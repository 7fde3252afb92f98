package label

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/sticker"
)

// Of says what stands on the label of a unit, for printing it away from the bench that took it in. lang is zh or en.
func (o *Office) Of(ctx context.Context, plate, lang string) (sticker.Plate, error) {
	var rows []struct {
		Name, NameEn, Spec, SpecEn, Code, Scanned, TimeZone, Tote string
		Placeholder                                               bool
		ReceivedAt                                                time.Time
	}
	err := o.db.Read.WithContext(ctx).Raw(`SELECT k.name, k.name_en, k.spec, k.spec_en, k.code, k.placeholder, u.scanned, u.received_at, w.time_zone,
 COALESCE((SELECT o.tote FROM outcomes o WHERE o.unit_id = u.id AND o.tote <> '' ORDER BY o.received_at DESC LIMIT 1), '') AS tote
 FROM units u JOIN skus k ON k.id = u.sku_id JOIN warehouses w ON w.id = u.warehouse_id WHERE u.plate = ? AND u.state <> 'undone'`, plate).Scan(&rows).Error
	if err != nil {
		return sticker.Plate{}, fmt.Errorf("label of %s: %w", plate, err)
	}
	if len(rows) == 0 {
		return sticker.Plate{}, fault.New(fault.NotFound, "unit_not_found", "there is no piece %s, or it was taken back", plate)
	}
	r := rows[0]
	zone, err := time.LoadLocation(r.TimeZone)
	if err != nil {
		return sticker.Plate{}, fault.New(fault.Internal, "time_zone", "warehouse of %s: %w", plate, err)
	}
	p := sticker.Plate{Number: plate, Name: r.Name + " " + r.Spec, SKU: r.Code, Tote: scanner.Tote(r.Tote), Day: r.ReceivedAt.In(zone).Format(time.DateOnly)}
	if lang == "en" && r.NameEn != "" {
		p.Name = r.NameEn + " " + r.SpecEn
	}
	if r.Placeholder {
		p.Name = r.Scanned
	}
	p.Name = strings.TrimSpace(p.Name)
	return p, nil
}
