// Package guess keeps what a station said by itself about scans while the server was away, until somebody knows better: an answer that the server confirms is
// forgotten, one that it does not becomes a difference, which stands until a clerk has dealt with it.
//
//	capture, link down ─▶ Say ─▶ guesses.log ─▶ outcome stored ─▶ Compare ─▶ agrees: forgotten
//	                                                                    └─▶ differs: kept, shown ─▶ Settle
//
//	DIR/guesses.log:  CRC-32C in 8 hex digits, a blank, one JSON entry, a line end; the newest entry of a scan counts
//
// Scans are named by producer and seq; the same scan is compared once, however often its outcome comes. Differences and what settles them are synced before
// anybody is told. Answers are not synced one by one, since a beep must not wait for two disks' worth of syncs: they outlive a killed process, and after a
// power cut they are made again from the journal.
package guess
