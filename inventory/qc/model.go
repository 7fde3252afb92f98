package qc

import (
	"time"

	"github.com/backdock/backdock/internal/id"
)

// Inspection is one judgement of one unit; at most one per unit is not undone.
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
}

// TableName names the table: inspections.
func (Inspection) TableName() string { return "inspections" }
