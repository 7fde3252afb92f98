// Package sample makes a day of returns at an invented warehouse: who works for whom, the catalogue, orders and cases as import records, and the script of
// scans that plays the day with the answer each scan must get. It is deterministic: the same options give the same day. Every name in it is invented.
//
//	Make ─▶ Day ─┬─ Site, Catalogue, Orders, Cases, Late ─▶ intake
//	             └─ Script ─▶ clerks, one per bench, or a test that plays it through the desk
package sample
