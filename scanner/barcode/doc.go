// Package barcode says what the bytes of a scan may mean. It is pure: bytes and text in, values out; it knows no catalogue, no order and no parcel.
//
//	Decode   frame bytes ─▶ Text     AIM and ECI prefix stripped, charset named, always printable UTF-8
//	Read     text        ─▶ Reading  GTIN, UPC-E, IMEI, SSCC, GS1 elements, waybill candidates; more than one may hold at once
//
// A reading offers and never decides: thirteen digits can be a product and a China Post parcel at once, and only the desk knows what it awaits.
//
// Sources: AIM identifiers ISO/IEC 15424; check digits, UPC-E and element strings GS1 General Specifications; S10 numbers UPU S10; IMEI 3GPP TS 23.003.
// Couriers publish no specification of their numbers: waybills.tsv holds what their labels show, each line with its confidence.
package barcode
