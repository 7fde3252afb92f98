// Package place holds where things are: warehouses, their bins and totes, and the act of putting a released piece on a shelf.
//
//	U… ─┐                         released ──put_away──▶ available
//	U… ─┼─ in hand ─ scan B-… ─▶  available ─(place only)─▶ available       a piece lies in one place at most;
//	T-… ┘                         quarantine, custody, blocked: refused      each change of place is a placement, for ever
package place
