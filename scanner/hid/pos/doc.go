// Package pos reads the codes of HID POS scanners: input reports in, codes out, as the device's report descriptor lays them out. It does no I/O.
//
//	Scanned Data Report (8C:12)          one read is a mark byte and one report
//	  length          01:3B   bytes of data in this report
//	  symbology       8C:FB … 8C:FD   the AIM identifier, "]E0"
//	  decoded data    8C:FE
//	  continued       8C:FF   the next report goes on with this code
//
//	[opening] ── a pause (500 ms), or the end of a code ──▶ [empty] ─ continued ─▶ [open] ── not continued ──▶ Complete, NoRead
//	                                                            ▲                    │ a pause ─▶ Stale, then up to the end of a code
//	                                                            └────────────────────┘ reports lost, lengths or symbologies that do not fit ─▶ Damaged
//
// Source: USB-IF HID Point of Sale Usage Tables 1.02, section 3. It imports scanner/frame and scanner/hid/descriptor.
package pos
