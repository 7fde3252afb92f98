package evidence

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backdock/backdock/internal/id"
)

// Kinds of evidence.
const (
	Photo    = "photo"
	Video    = "video"
	Damage   = "damage"    // a photo of damage
	EmptyBox = "empty_box" // a photo of a box with nothing in it
	QC       = "qc"        // a photo taken by an inspector
)

// Kinds lists them.
var Kinds = []string{Photo, Video, Damage, EmptyBox, QC}

// Evidence is one photo or video of a parcel.
type Evidence struct {
	ID          id.Evidence `gorm:"primaryKey"`
	Kind        string
	Hash        string // SHA-256 of the content, hexadecimal
	Size        int64  // bytes
	Type        string // by content
	WarehouseID id.Warehouse
	ParcelID    *id.Parcel
	UnitID      *id.Unit
	CaseID      *id.Case
	BenchID     *id.Bench
	StationID   *id.Station
	Producer    string // with Seq: the scan it was taken for
	Seq         int64
	CapturedAt  time.Time // by the station's clock
	DurationMS  int64     `gorm:"column:duration_ms"`
	OffsetMS    int64     `gorm:"column:offset_ms"` // server clock minus station clock
	ByUser      *id.User
	AddedAt     time.Time
	PurgedAt    *time.Time
}

// TableName names the table: evidence.
func (Evidence) TableName() string { return "evidence" }

// Number is what people call a piece of evidence.
func (e Evidence) Number() string { return Number(e.ID) }

// Number renders the number of a piece of evidence.
func Number(n id.Evidence) string { return fmt.Sprintf("E%06d", n) }

// ParseNumber reads such a number.
func ParseNumber(s string) (id.Evidence, bool) {
	digits, ok := strings.CutPrefix(strings.ToUpper(s), "E")
	if !ok || len(digits) < 6 || len(digits) > 15 {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return id.Evidence(n), err == nil && n > 0
}

// Blob is a file that evidence refers to.
type Blob struct {
	Hash     string `gorm:"primaryKey"`
	Size     int64
	Type     string
	State    string // stored, doomed
	StoredAt time.Time
	// LeaseUntil is set while a process removes the file. Nobody else does meanwhile: once its row is gone the same content may come again.
	LeaseUntil *time.Time
}

// TableName names the table: evidence_blobs.
func (Blob) TableName() string { return "evidence_blobs" }

// Facts are what an upload says about its content.
type Facts struct {
	Kind       string       `json:"kind"`
	Warehouse  id.Warehouse `json:"warehouse"`
	Parcel     id.Parcel    `json:"parcel,omitempty"`
	Unit       id.Unit      `json:"unit,omitempty"`
	Bench      id.Bench     `json:"bench,omitempty"`
	Station    id.Station   `json:"station,omitempty"`
	Producer   string       `json:"producer,omitempty"`
	Seq        int64        `json:"seq,omitempty"`
	CapturedAt time.Time    `json:"captured_at"`
	DurationMS int64        `json:"duration_ms,omitempty"`
	OffsetMS   int64        `json:"offset_ms,omitempty"`
	By         id.User      `json:"by,omitempty"`
	Hash       string       `json:"hash,omitempty"` // what the client says; empty: it does not say
}

// Upload is a file on its way.
type Upload struct {
	ID         string `gorm:"primaryKey"`
	Principal  string
	Kind       string
	Length     int64 // bytes of the whole
	Received   int64
	Metadata   string // as the client sent it
	Facts      string // JSON
	State      string // open, storing, done
	Hash       string
	EvidenceID *id.Evidence
	CreatedAt  time.Time
	TouchedAt  time.Time
}

// TableName names the table: evidence_uploads.
func (Upload) TableName() string { return "evidence_uploads" }

// Complete reports whether every byte is here.
func (u Upload) Complete() bool { return u.Received == u.Length }

// part is a stretch of an upload, a file of its own in the store.
type part struct {
	UploadID string
	Start    int64
	Size     int64
	Key      string
}

func (part) TableName() string { return "evidence_parts" }

const (
	open    = "open"
	storing = "storing"
	done    = "done"

	stored = "stored"
	doomed = "doomed"
)

// Families of keys in the store.
const (
	blobs  = "blob"
	thumbs = "thumb"
	parts  = "part"
)

func blobKey(hash string) string  { return blobs + "/" + hash }
func thumbKey(hash string) string { return thumbs + "/" + hash }

func knownKind(kind string) bool { return slices.Contains(Kinds, kind) }

// ref makes an optional column of an id; 0 is none.
func ref[T ~int64](v T) *T {
	if v == 0 {
		return nil
	}
	return &v
}

func val[T ~int64](p *T) T {
	if p == nil {
		return 0
	}
	return *p
}
