// Package scanner holds the nouns of the station line: a scan, its outcome, devices and what a bench shows. It does no I/O and imports only the standard library.
//
//	bytes ─▶ frame ─▶ barcode ─▶ Scan ─▶ journal (fsync) ─▶ beep ─▶ uplink ─▶ desk
//	                                                                    ◀── Outcome
package scanner
