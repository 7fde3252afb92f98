package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// ExpectedPath of the feed of awaited returns: GET with the station's token, ?after=CURSOR, answers application/octet-stream, one ExpectedPage. 304 says that
// the cursor is the newest.
const ExpectedPath = "/station/expected"

// SumKind separates the things that are hashed, so that a product code can never be found as a waybill.
type SumKind byte

const (
	SumWaybill SumKind = 'w' // waybill, normalised
	SumNumber  SumKind = 'n' // case or order number, as it is written
	SumCode    SumKind = 'c' // code of a product as the catalogue keeps it, GTINs in 14 digits, or the SKU itself
	SumSerial  SumKind = 's' // serial of one piece
	SumKey     SumKind = 'k' // names the key itself
)

// Hasher makes the sums under which the feed names codes: HMAC-SHA-256 of kind and text, first eight bytes. The key comes from the station's token, which the
// server has only while the station asks, so that a cache without its token tells nobody a waybill. Not safe for concurrent use.
type Hasher struct {
	mac hash.Hash
	buf [sha256.Size]byte
}

// NewHasher makes the hasher of a station's token.
func NewHasher(token string) *Hasher {
	derive := hmac.New(sha256.New, []byte(token))
	derive.Write([]byte("backdock expected returns 1"))
	return &Hasher{mac: hmac.New(sha256.New, derive.Sum(nil))}
}

// Sum hashes one text.
func (h *Hasher) Sum(kind SumKind, text string) uint64 {
	h.mac.Reset()
	h.mac.Write([]byte{byte(kind)})
	h.mac.Write([]byte(text))
	return binary.LittleEndian.Uint64(h.mac.Sum(h.buf[:0]))
}

// Role says what a number is to an awaited return.
type Role byte

const (
	RoleReturn   Role = 1 // waybill that the goods come back under
	RolePlatform Role = 2 // the platform's number for it
	RoleOutbound Role = 3 // waybill that the goods went out under and that the buyer has signed for: an old label
	RoleWhole    Role = 4 // waybill of a parcel that comes back unopened: refused, intercepted, undeliverable
	RoleCase     Role = 5
	RoleOrder    Role = 6
)

// ExpectedKey is one number of a return.
type ExpectedKey struct {
	Role Role
	Sum  uint64 // of SumWaybill; of SumNumber for cases and orders
}

// ExpectedLine is what is awaited of one SKU on one line.
type ExpectedLine struct {
	SKU     uint64
	Count   uint64
	Serials []uint64 // SumSerial of what went out, where each piece has a serial and somebody recorded it
}

// ExpectedReturn is one case that awaits goods, or one parcel that comes back whole. It replaces what was known under Ref.
type ExpectedReturn struct {
	Ref   uint64
	Over  bool // goods are taken, no money follows
	Keys  []ExpectedKey
	Lines []ExpectedLine
}

// ExpectedSKU is a product that some return awaits.
type ExpectedSKU struct {
	ID    uint64
	Codes []uint64 // SumCode
}

// ExpectedPage is one answer of the feed. A snapshot begins with a page that has Begin set; both a snapshot and a run of deltas end with Complete, and only
// then is what is known whole again. Cursor is what to ask for next, in any case.
type ExpectedPage struct {
	Begin    bool
	Complete bool
	Cursor   string
	SKUs     []ExpectedSKU
	Returns  []ExpectedReturn
	Gone     []uint64 // Refs that await nothing any more
}
