// Package stock promises, corrects and counts pieces, and tells other systems how many there are. It never learns what a piece is promised for.
//
//	available ──reserve──▶ reserved ─┬─ taken ────▶ customer          counted plates ─┐
//	    ▲                            ├─ released ─▶ available          book ──────────┴─ missing, surplus, misplaced
//	    └── adjustment ◀── manager   ├─ expired ──▶ available                               └─ a manager confirms ─▶ adjustments
//	                                 └─ broken ───▶ available (a recall is stronger than a promise)
package stock
