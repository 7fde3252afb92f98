// Package logbook keeps what lately happened at each scanner: codes, dropped bytes, plugging in and out. It is for people who look for a fault and for bug
// reports; nothing that must not be lost is only here.
//
//	Log ─▶ queue of 256, the rest is counted and dropped ─▶ Run ─▶ devices/NAME.log ── 64 KiB ──▶ devices/NAME.log.old
//
// A line is one Entry as JSON. Codes are cut at 256 bytes; nothing but what the scanner sent is kept, so no buyer's name or address unless a label has it
// in its barcode. Lines are not synced: a crash may cost the last ones, and may leave half a line, which Read passes over.
//
// It imports only the standard library.
package logbook
