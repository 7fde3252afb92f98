// Package barcode says what the bytes of a scan may mean. Bytes and text in, values out; it knows no catalogue, no order and no parcel.
//
//	Decode   frame bytes ─▶ Text     AIM and ECI prefix stripped, charset named, always printable UTF-8
//	Read     text        ─▶ Reading  GTIN, UPC-E, IMEI, SSCC, GS1 elements, waybill candidates; more than one may hold at once
//	Meanings Reading     ─▶ the same as a list with confidence, for people
//
// A reading offers and never decides: thirteen digits can be a product and a China Post parcel at once, and only the desk knows what it awaits. A GS1 symbol that
// lost a separator is ambiguous, with the ways it can be read.
//
// Sources: AIM identifiers ISO/IEC 15424; check digits, UPC-E and prefixes GS1 General Specifications; S10 numbers UPU S10; IMEI 3GPP TS 23.003.
// Couriers publish no specification of their numbers: couriers.yaml holds what their labels show, each rule with its confidence and its examples. An
// installation may replace rules by a file of its own: Couriers.With.
//
// It imports scanner, scanner/gs1 and a YAML reader.
package barcode
