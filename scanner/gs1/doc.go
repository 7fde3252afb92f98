// Package gs1 reads and writes what GS1 puts into barcodes. It is pure: text in, values out. It knows no product, no parcel and no scanner.
//
//	Parse           010690123456789221A1␝10L      element strings, FNC1 as GS (0x1D)   ─┐
//	ParseBracketed  (01)06901234567892(21)A1(10)L  as printed below the bars            ├─▶ []Element
//	ParseLink       https://…/01/06901234567892/10/L/21/A1   Digital Link URI           ─┘      │
//	Check           which of them ask for or rule out one another ◀─────────────────────────────┤
//	Format, Bracketed                                               and back to text ◀───────────┘
//
// What is refused is refused with a Reason and a place. A separator that was lost on the way is reported with the ways the text can be read, never guessed:
// a wrong guess books a wrong serial.
//
// Sources: GS1 General Specifications; GS1 Barcode Syntax Dictionary, release 2026-01-27 (table.go, lists.go); GS1 Digital Link Standard: URI Syntax. GS1's
// table of company prefixes is not public: that a value begins with a company prefix is checked as far as its digits go.
//
// It imports only the standard library.
package gs1
