// Package descriptor reads HID report descriptors: the few hundred bytes in which a device says what its reports hold, and where.
//
//	05 8C 09 02 A1 01 85 02 …  ─▶  Field{Input, report 2, usage 8C:FE, from bit 32, 56 × 8 bits}, …
//
// Source: Device Class Definition for HID 1.11, section 6.2.2. It is pure, bounded whatever the bytes are, and imports only the standard library.
package descriptor
