package guess

import (
	"slices"

	"github.com/backdock/backdock/scanner"
)

// Answer is what a station said by itself about one scan. It is never an acceptance.
type Answer struct {
	Verdict  string `json:"verdict" enum:"accepted,attention,unknown"`
	Code     Code   `json:"code"`
	SKU      string `json:"sku,omitempty"` // of the line, where the last view of the bench names it
	Name     string `json:"name,omitempty"`
	NameEN   string `json:"name_en,omitempty"`
	Expected int    `json:"expected,omitempty"` // pieces: of the parcel, or of the line
	Received int    `json:"received,omitempty"` // of Expected, with this one
	Missing  int    `json:"missing,omitempty"`  // pieces that the parcel lacks
}

// Code is the stable name of a provisional answer. Each has a text in both languages in web/src/i18n.
type Code string

const (
	Unknown     Code = "provisional_unknown"      // recorded, not checked
	Match       Code = "provisional_match"        // awaited in this parcel
	Enough      Code = "provisional_enough"       // awaited, and all of it is here already
	NotExpected Code = "provisional_not_expected" // a product, and not of this parcel
	ScanSerial  Code = "provisional_scan_serial"  // the product is right; which piece it is, its serial says
	Extra       Code = "provisional_extra"        // +1 after enough
	Parcel      Code = "provisional_parcel"       // a parcel that is awaited: open from here on
	ParcelOver  Code = "provisional_parcel_over"  // the same, and no money will follow
	OldLabel    Code = "provisional_old_label"    // it went out under this number; it comes back under another
	Received    Code = "provisional_received"     // this parcel was closed while the server was away
	Previous    Code = "provisional_previous"     // another parcel is open and lacks something: the same scan again goes ahead
	ScanWaybill Code = "provisional_scan_waybill" // a piece, and no parcel is open
	Closed      Code = "provisional_closed"       //
	ClosedShort Code = "provisional_closed_short" //
	Zero        Code = "provisional_zero"         // DONE, and nothing was taken out
	NothingOpen Code = "provisional_nothing_open" // DONE, and no parcel is open
	Undone      Code = "provisional_undone"       // the last piece is out again
	Twice       Code = "provisional_twice"        // the scanner read it twice
)

// Codes lists every code.
var Codes = []Code{Unknown, Match, Enough, NotExpected, ScanSerial, Extra, Parcel, ParcelOver, OldLabel, Received, Previous, ScanWaybill, Closed, ClosedShort, Zero, NothingOpen, Undone, Twice}

// confirmedBy says with which outcomes an answer was right: the clerk did what had to be done.
var confirmedBy = map[Code][]scanner.Code{
	Match:  {scanner.CodeMatched},
	Enough: {scanner.CodeOver},
	NotExpected: {scanner.CodeUndeclared, scanner.CodeWrongSpec, scanner.CodeWrongItem, scanner.CodeOtherSeller, scanner.CodeSerialMismatch, scanner.CodeUnknownItem, scanner.CodeBelongsElsewhere,
		scanner.CodeScanTheTag, scanner.CodeExtra},
	ScanSerial:  {scanner.CodeScanSerial},
	Extra:       {scanner.CodeExtra},
	Parcel:      {scanner.CodeParcelOpened, scanner.CodeAliasAdded, scanner.CodeTakenOver},
	ParcelOver:  {scanner.CodeCaseOver, scanner.CodeRefundedAlready, scanner.CodeAliasAdded},
	OldLabel:    {scanner.CodeOldLabel},
	Received:    {scanner.CodeAlreadyReceived},
	Previous:    {scanner.CodePreviousOpen},
	ScanWaybill: {scanner.CodeScanWaybillFirst},
	Closed:      {scanner.CodeClosed},
	ClosedShort: {scanner.CodeClosedShort},
	Zero:        {scanner.CodeZeroPieces},
	NothingOpen: {scanner.CodeNothingOpen},
	Undone:      {scanner.CodeUndone},
	Twice:       {scanner.CodeDoubleRead, scanner.CodeRepeatAfterRestart, scanner.CodeSerialTaken},
}

// Agrees reports whether the outcome asks nothing of the clerk that the answer did not ask. Who was told nothing has only to come back for what needs a person.
func (a Answer) Agrees(o scanner.Outcome) bool {
	if a.Code == Unknown {
		return o.Verdict == scanner.Accepted || o.Verdict == scanner.Duplicate
	}
	return slices.Contains(confirmedBy[a.Code], o.Code)
}
