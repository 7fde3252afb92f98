package desk

import (
	"fmt"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/receiving/match"
	"github.com/backdock/backdock/scanner"
	"github.com/backdock/backdock/scanner/barcode"
)

// barePiece is a piece that was scanned and judged, and is booked when its pre-printed plate is scanned. Nothing of it is in the books before.
type barePiece struct {
	Data      string     `json:"data"`
	Symbology string     `json:"symbology,omitempty"`
	Over      *overPiece `json:"over,omitempty"`   // it was one too many, and +1 confirmed it
	Insist    *insist    `json:"insist,omitempty"` // what the clerk had insisted on
	Asked     id.SKU     `json:"asked,omitempty"`  // it is the serial of a piece of this SKU
	SKU       string     `json:"sku"`
	SKUEn     string     `json:"sku_en"`
}

// errBare says that a piece cannot be booked before its plate is scanned.
var errBare = fault.New(fault.Unavailable, "plate_awaited", "the piece has no plate yet")

// preprinted reports whether this bench takes its plates from rolls that were printed beforehand.
func (s *session) preprinted() bool {
	return scanner.PlateMode(s.bench.Plates) == scanner.PlatesPreprinted
}

// rollPlate takes the plate that was scanned for the piece.
func (s *session) rollPlate() (string, error) {
	plate := s.pending.Ready
	if plate != "" {
		used, err := s.used(plate)
		if err != nil {
			return "", err
		}
		s.next.Ready = ""
		if !used {
			return plate, nil
		}
	}
	return "", errBare
}

// awaitPlate asks for the plate of a piece. A piece before it that has none yet comes first: the one in the clerk's hands is scanned again after that.
func (s *session) awaitPlate(sku *catalogue.SKU, target *line, over *overPiece) *ruling {
	if s.pending.Bare != nil {
		return s.missingPlate()
	}
	b := &barePiece{Data: s.scan.Data, Symbology: s.scan.Symbology, Over: over, Insist: s.pending.Insist, Asked: s.pending.Asked, SKU: s.scan.Data, SKUEn: s.scan.Data}
	if sku == nil && target != nil {
		sku = &target.sku
	}
	if sku != nil && !sku.Placeholder {
		b.SKU, b.SKUEn = title(sku.Name, sku.Spec), title(sku.NameEn, sku.SpecEn)
	}
	s.next.Bare = b
	return rule(scanner.CodeScanPlate, "sku", b.SKU, "sku_en", b.SKUEn).about(s.docket)
}

func (s *session) missingPlate() *ruling {
	b := s.pending.Bare
	return rule(scanner.CodePlateMissing, "sku", b.SKU, "sku_en", b.SKUEn).about(s.docket)
}

// unplated stops what would leave a piece behind that was scanned and never counted; the same again goes ahead without it.
func (s *session) unplated() *ruling {
	if s.pending.Bare == nil {
		return nil
	}
	if s.insisted(scanner.CodePlateMissing) {
		s.next.Bare = nil
		return nil
	}
	s.doubt(scanner.CodePlateMissing)
	return s.missingPlate()
}

// fromRoll answers a plate that no unit has: on a roll of this warehouse it goes to the piece that waits for one, else to the next.
func (s *session) fromRoll(plate string) (*ruling, error) {
	n, _ := scanner.PlateNumber(plate)
	ours, err := s.plates.OnRoll(s.ctx, s.tx, s.bench.WarehouseID, n)
	if err != nil {
		return nil, err
	}
	if !ours {
		return rule(scanner.CodePlateUnknown, "plate", plate).about(s.docket), nil
	}
	bare := s.pending.Bare
	s.next.Ready = plate
	if bare == nil || s.docket == nil {
		return rule(scanner.CodePlateReady, "plate", plate).about(s.docket), nil
	}
	s.pending.Ready, s.pending.Bare, s.next.Bare = plate, nil, nil
	s.pending.Insist, s.pending.Asked, s.pending.Over = bare.Insist, bare.Asked, bare.Over
	scan := s.scan
	s.scan.Data, s.scan.Symbology = bare.Data, bare.Symbology
	defer func() { s.scan = scan }()
	if bare.Over != nil {
		return s.plusOne()
	}
	reading := barcode.Read(bare.Data, bare.Symbology)
	p := match.Of(reading)
	if j, ok := match.Awaited(s.docket.awaited(), p); ok {
		return s.take(p, j)
	}
	return s.another(reading, p)
}

// wrongFromRoll answers a plate that another piece has already. It names the one that comes next on the roll.
func (s *session) wrongFromRoll(plate string) (*ruling, error) {
	want := s.pending.Ready
	if want == "" {
		var err error
		if want, err = s.nextOnRoll(short(s.pending.Plate, s.pending.Before, plate)); err != nil {
			return nil, err
		}
	}
	s.doubt(scanner.CodePlateOfOther)
	return rule(scanner.CodePlateOfOther, "plate", plate, "want", want).about(s.docket), nil
}

// rollAhead is how many labels may have been torn off and thrown away.
const rollAhead = 50

// nextOnRoll is the first plate behind another one that no unit has; "U…" when the roll ends there.
func (s *session) nextOnRoll(after string) (string, error) {
	n, _ := scanner.PlateNumber(after)
	var ahead []string
	for k := n + 1; k <= min(n+rollAhead, scanner.MaxPlate); k++ {
		ours, err := s.plates.OnRoll(s.ctx, s.tx, s.bench.WarehouseID, k)
		if err != nil {
			return "", err
		}
		if !ours {
			break
		}
		ahead = append(ahead, scanner.Plate(k))
	}
	if len(ahead) > 0 {
		var taken []string
		if err := s.tx.Raw("SELECT plate FROM units WHERE plate IN ?", ahead).Scan(&taken).Error; err != nil {
			return "", fmt.Errorf("plates of a roll: %w", err)
		}
		used := map[string]bool{}
		for _, p := range taken {
			used[p] = true
		}
		for _, u := range s.out.units {
			used[u.Plate] = true
		}
		for _, p := range ahead {
			if !used[p] {
				return p, nil
			}
		}
	}
	return "U…", nil
}
