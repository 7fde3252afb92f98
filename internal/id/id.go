// Package id holds every ID type of the house and makes random identifiers.
package id

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/hex"
	"strings"
)

// Row IDs. Zero means none.
type (
	Owner       int64
	Warehouse   int64
	Shop        int64
	SKU         int64
	Order       int64
	OrderLine   int64
	Payment     int64
	Shipment    int64
	Case        int64
	CaseLine    int64
	Parcel      int64
	Receipt     int64
	ReceiptLine int64
	Unit        int64
	Movement    int64
	Inspection  int64
	Refund      int64
	Event       int64
	Bench       int64
	Station     int64
	User        int64
	Task        int64
	Place       int64
	Reservation int64
	Count       int64
	Handover    int64
	Evidence    int64
	Hold        int64
)

// Random returns n random bytes. crypto/rand never fails on the systems Go supports.
func Random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// Hex returns n random bytes as 2n hex digits.
func Hex(n int) string { return hex.EncodeToString(Random(n)) }

// Producer makes the 128-bit name of a journal.
func Producer() string { return Hex(16) }

// Token makes a 256-bit secret for a cookie or a station.
func Token() string { return Hex(32) }

// Code makes a short one-time code that people read aloud: two groups of five letters and digits without 0, 1, 8, 9 (RFC 4648 base32), 50 bits.
func Code() string {
	s := strings.TrimRight(base32.StdEncoding.EncodeToString(Random(7)), "=")[:10]
	return s[:5] + "-" + s[5:]
}
