package desk

import (
	"fmt"
	"slices"

	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/scanner"
)

type serialKey struct {
	owner  id.Owner
	sku    id.SKU
	serial string
}

// serialBook remembers within one transaction which serials are in the house. One question answers for all serials of a batch.
type serialBook struct {
	asked map[serialKey]bool
	held  map[serialKey]string // → plate
}

func (b *serialBook) book(u *booked) {
	if u.Serial != "" && u.SKUID != 0 {
		b.note(serialKey{u.OwnerID, u.SKUID, u.Serial}, u.Plate)
	}
}

func (b *serialBook) note(k serialKey, plate string) {
	if b.held == nil {
		b.held, b.asked = map[serialKey]string{}, map[serialKey]bool{}
	}
	b.asked[k] = true
	if plate != "" {
		b.held[k] = plate
	}
}

// drop forgets what a transaction has changed behind the book's back.
func (b *serialBook) drop(k serialKey) {
	delete(b.held, k)
}

// serialTaken answers a serial that is in the house already: the piece was scanned before, here or at another bench.
func (s *session) serialTaken(target *line, j match.Judgement) (*ruling, error) {
	sku := j.SKU
	if sku == nil && target != nil {
		sku = &target.sku
	}
	if sku == nil {
		return nil, nil
	}
	k := serialKey{sku.OwnerID, sku.ID, j.Serial}
	if !s.serials.asked[k] {
		if err := s.askSerials(k); err != nil {
			return nil, err
		}
	}
	if plate := s.serials.held[k]; plate != "" {
		return rule(scanner.CodeSerialTaken, "serial", j.Serial, "plate", plate).about(s.docket), nil
	}
	return nil, nil
}

// askSerials asks for one serial, and in the same question for every other that the rest of the batch may bring.
func (s *session) askSerials(k serialKey) error {
	skus, serials := []id.SKU{k.sku}, []string{k.serial}
	var shipped []string
	if s.docket != nil {
		for _, l := range s.docket.lines {
			if l.sku.SerialTracked && l.sku.OwnerID == k.owner {
				skus = append(skus, l.SKUID)
				shipped = append(shipped, l.serials...)
			}
		}
	}
	for _, scan := range s.ahead {
		p := match.Of(s.o.Codes.Read(scan.Data, scan.Symbology))
		if p.Serial != "" {
			serials = append(serials, p.Serial)
		} else if slices.Contains(shipped, p.Bare) {
			serials = append(serials, p.Bare)
		}
	}
	var rows []struct {
		SKUID  id.SKU `gorm:"column:sku_id"`
		Serial string
		Plate  string
	}
	err := s.tx.Raw(`SELECT sku_id, serial, plate FROM units WHERE owner_id = ? AND sku_id IN ? AND serial IN ?
 AND serial <> '' AND state NOT IN ('undone', 'shipped', 'scrapped', 'outbound')`, k.owner, skus, serials).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("look for serials: %w", err)
	}
	for _, sku := range skus {
		for _, serial := range serials {
			if e := (serialKey{k.owner, sku, serial}); !s.serials.asked[e] {
				s.serials.note(e, "")
			}
		}
	}
	for _, r := range rows {
		s.serials.note(serialKey{k.owner, r.SKUID, r.Serial}, r.Plate)
	}
	return nil
}
