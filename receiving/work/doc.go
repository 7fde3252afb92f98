// Package work counts the work done per operator, bench and hour of the warehouse's day, from the event log alone.
//
//	event log ─seq▶ Rules (a row per event type) ─▶ work_done, work_presence; work_cursor says up to which seq
//
// The projection applies each event once, whichever process is first, and can be counted anew from the start at any time: Rebuild. docs/reports.md tells what
// each measure is.
package work
