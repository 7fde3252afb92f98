// Package doctor looks for what usually keeps a bench from working and says, in one sentence each that a shift leader understands, what is wrong and what
// to do about it.
//
//	Machine ── Gather ──▶ Facts ── one pure function per check ──▶ Findings ── texts in two languages ──▶ people
//
// Gathering opens no port and changes nothing but a file of its own in the data directory. Checks only judge: each is a table test. It may import what
// cmd/station may.
package doctor
