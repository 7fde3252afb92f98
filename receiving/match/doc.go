// Package match judges a piece in a clerk's hand: values in, values out. It reads nothing and books nothing; the desk tells it what the open parcel awaits
// and what the catalogue knows, and does what the judgement says.
//
//	reading ──Of──▶ Piece ──Awaited──▶ match, over, serial_mismatch, ask for the serial      (wins over anything else the code could be)
//	                  └──Judge────▶ undeclared, wrong_spec, wrong_item, other_seller, unclaimed, unknown_item, the box instead of the tag
package match
