// Package keyboard reads the codes that a scanner types as a keyboard: Linux input events in, codes out. It does no I/O and asks no clock.
//
//	input events ─▶ keys held, locks ─▶ layout ─▶ characters ─▶ frame.Framer ─▶ events
//	     │ SYN_DROPPED, a key without a character, a modifier out of step
//	     └────────────────────────────────────────▶ Damage: the scan up to its terminator is no code
//
// A scanner in keyboard mode sends key positions, not characters: what a position means depends on the country the scanner is set to. The layout must be
// the scanner's, whatever the computer's own keyboard is.
//
// It imports scanner/frame.
package keyboard
