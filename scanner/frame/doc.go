// Package frame cuts a scanner's bytes into frames. It does no I/O and asks no clock: the caller brings bytes with their arrival time, and calls again
// when Deadline has come.
//
//	            bytes        terminator
//	[lost] ──▶ [empty] ──▶ [open] ──────────▶ Complete, NoRead        [lost]: after (re)open, overflow, stale or a broken STX frame
//	   │                     │ silence                                 the bytes up to the next terminator may be a code's tail
//	   └─ terminator         ├─ idle framing ─▶ Complete, Idle
//	      ▶ Partial          └─ else, later ──▶ Stale, then [lost]
//
// A frame is complete when its terminator has come. Bytes without a beginning or without an end are never a frame: a half-read code that happens to
// be a valid shorter code would book the wrong piece. They are reported, so that the station can sound an error and the clerk scans again.
//
// Zebra's SSI brings packets with a checksum instead of terminators; see ssi.go. There the host must answer each packet, and a packet may come twice.
//
// It imports only the standard library.
package frame
