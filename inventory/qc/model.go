package qc

import (
	"time"

	"github.com/backdock/backdock/internal/id"
)

// Inspection is one judgement of one unit; at most one per unit is neither undone nor closed.
type Inspection struct {
	ID             id.Inspection `gorm:"primaryKey"`
	UnitID         id.Unit
	Grade          string
	Disposition    string
	Checks         string
	Note           string
	Tote           string
	OverrideReason string
	ByUser         id.User
	At             time.Time
	UnitVersion    int64
	UndoneAt       *time.Time
	UndoneBy       *id.User
	UndoReason     string
	ClosedAt       *time.Time // the piece came back from repair and is inspected again; this judgement stands, but no longer says where the piece is
	Round          int        `gorm:"default:1"` // 1, and one more each time the piece comes back from repair
	ByScan         bool

	Blocked string `gorm:"-"` // instead of an inspection: why the piece was frozen (expired, recalled)
}

// TableName names the table: inspections.
func (Inspection) TableName() string { return "inspections" }
