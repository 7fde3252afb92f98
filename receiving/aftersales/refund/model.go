package refund

import (
	"time"

	"github.com/backdock/backdock/internal/id"
)

// Origins of a refund.
const (
	OriginOurs          = "ours"
	OriginPlatform      = "platform"
	OriginSellerBackend = "seller_backend"
	OriginManual        = "manual"
)

// Refund is one reversal of one payment, with one number for ever.
type Refund struct {
	ID              id.Refund `gorm:"primaryKey"`
	Number          string    // the gateway's out_refund_no; of an observed refund, a number of our own that is never sent
	Entitlement     string    // what it is for: case:ID, case_line:ID, unit:ID, receipt:ID; observed:PAYMENT:EXTERNAL
	Part            int       // counts the payments that an entitlement is spread over
	OwnerID         id.Owner
	ShopID          id.Shop
	CaseID          *id.Case
	OrderID         id.Order
	OrderLineID     *id.OrderLine // when it is about one line only
	UnitID          *id.Unit      // when it is about one unit only
	PaymentID       id.Payment
	Quantity        int
	AmountMinor     int64
	DeductionMinor  int64
	DeductionReason string
	Currency        string
	Origin          string
	State           State
	Body            string  // the exact request, stored before the first byte
	GatewayRefundID *string // of a succeeded refund, exactly one
	Reason          string
	HoldCode        string
	RefusedCode     string
	RequestedBy     *id.User // nil: policy
	AuthorizedBy    *id.User // nil: below the limit
	Proof           string   // a refund that is paid by hand
	Replaces        *id.Refund
	LeaseToken      string
	LeaseUntil      *time.Time
	Attempts        int // sends, not queries
	NextTryAt       *time.Time
	RequestedAt     time.Time
	AuthorizedAt    *time.Time
	SentAt          *time.Time // the last send
	SettledAt       *time.Time
	Version         int64
}

// TableName names the table: refunds.
func (Refund) TableName() string { return "refunds" }

// Subject names the refund in events.
func (r Refund) Subject() string { return "refund/" + r.Number }

// Line is what a refund gives back of one order line.
type Line struct {
	ID             int64 `gorm:"primaryKey"`
	RefundID       id.Refund
	Entitlement    string
	Part           int
	CaseLineID     id.CaseLine
	OrderLineID    id.OrderLine
	UnitID         *id.Unit
	Quantity       int
	AmountMinor    int64
	DeductionMinor int64
	Live           bool
}

// TableName names the table: refund_lines.
func (Line) TableName() string { return "refund_lines" }

// Attempt is one exchange with the gateway. Without an effect it is under way, or died under way.
type Attempt struct {
	ID         int64 `gorm:"primaryKey"`
	RefundID   id.Refund
	Kind       string // send, query, notice
	Effect     string
	Code       string
	Message    string
	StartedAt  time.Time
	FinishedAt *time.Time
}

// TableName names the table: refund_attempts.
func (Attempt) TableName() string { return "refund_attempts" }

// StoredNotice is a gateway's message that was verified, kept once per message id.
type StoredNotice struct {
	Gateway      string `gorm:"primaryKey"`
	Account      string `gorm:"primaryKey"`
	MessageID    string `gorm:"primaryKey"`
	RefundNumber string
	Status       string
	ReceivedAt   time.Time
	HandledAt    *time.Time
}

// TableName names the table: refund_notices.
func (StoredNotice) TableName() string { return "refund_notices" }
