// Package intake is the one door for the catalogue, orders and after-sales cases, from files (CSV, JSON) and from other parts of the program alike.
//
//	file ──read──▶ record ──┐
//	                        ├──apply──▶ tables, aliases, events     each record in a savepoint of its own
//	Go values ──────────────┘    └────▶ Problem{row, field, code}   a bad record never stops or half-applies a file
//
// Everything is idempotent: a record that is there already in the same form changes nothing, one that differs is brought up to date, and a message that comes
// late never moves a status backwards. docs/import.md has the columns and the codes; a test holds it against this package.
package intake
