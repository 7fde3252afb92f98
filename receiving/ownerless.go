package receiving

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/id"
)

// Ownerless lists the parcels of unknown owner that came under one of the waybills, in id order. Those that have left the house are among them: whoever brings their
// case has to hear of it.
func Ownerless(tx *gorm.DB, waybills []string) ([]id.Parcel, error) {
	var parcels []id.Parcel
	err := tx.Model(&Parcel{}).Where("kind = ? AND owner_id IS NULL AND (waybill IN ? OR id IN (SELECT parcel_id FROM waybill_aliases WHERE number IN ? AND parcel_id IS NOT NULL))",
		UnknownOwner, waybills, waybills).Order("id").Pluck("id", &parcels).Error
	if err != nil {
		return nil, fmt.Errorf("parcels of unknown owner: %w", err)
	}
	return parcels, nil
}

// Unclaimed reports whether nobody owns the parcel and it is still here.
func (p Parcel) Unclaimed() bool {
	return p.Kind == UnknownOwner && p.OwnerID == nil && !slices.Contains(Endings, p.State)
}

// Note is what people have read from the label of a parcel of unknown owner or found inside, and whom they have asked.
type Note struct {
	ParcelID id.Parcel `gorm:"primaryKey;autoIncrement:false"`
	Slip     string    // order or case number on a paper inside
	TailIdx  string    // blind index of the phone's tail
	Origin   string
}

// TableName names the table: unclaimed_notes.
func (Note) TableName() string { return "unclaimed_notes" }

// PhoneTail is what a label shows of a phone number: its last four digits. A number with fewer has none.
func PhoneTail(number string) string {
	digits := strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, number)
	if len(digits) < 4 {
		return ""
	}
	return digits[len(digits)-4:]
}
