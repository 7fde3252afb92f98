// Package journal is the durable log of a station: what Append returned for is on the disk, whatever happens next.
//
//	DIR/lock                           one agent per directory
//	DIR/current                        the producer that scans are written under
//	DIR/plates.json                    leased license plates and how far they are given out
//	DIR/prints/prints-N.log            labels asked for and what became of them
//	DIR/journals/PRODUCER/scans-N.log      segments, N = seq of the first record
//	DIR/journals/PRODUCER/outcomes-N.log   the server's answers; the newest one is the acknowledged cursor
//
//	segment:  magic (8) │ record … │ zeros up to the preallocated size
//	record:   length u32 │ CRC-32C u32 of length, seq, payload │ seq u64 │ payload (JSON)            little endian
//
// Append writes one record and calls fdatasync before it returns. A write or sync that fails is final (the page cache may lie from then on): every later
// Append fails too and the station stops accepting scans.
//
// At opening a tail that no record follows is torn: it was never acknowledged, and is zeroed. Bytes that cannot be read but are followed by good records
// are damage: the file is kept aside and each lost scan is replaced by one flagged damaged, so that the sequence has no gap and what follows still
// arrives. Lost outcomes are simply asked for again.
//
// A segment is deleted once every scan in it has its outcome stored and several newer such segments are kept: a server restored from a backup can be
// given those scans again.
package journal
