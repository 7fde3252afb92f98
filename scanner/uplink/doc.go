// Package uplink carries the journal to the server and the server's answers back into it.
//
//	dial ─▶ hello ─▶ welcome ─▶ [verify] ─▶ running: scans ─▶      one socket; any error ─▶ jittered wait ─▶ dial
//	                    │           │           ◀─ outcomes        outcomes are stored before the cursor moves
//	                    │           └─ seq_conflict ─▶ [probe]
//	                    └─ server knows more than was written ─▶ [probe] ─▶ new producer
//
// Scans go strictly in sequence, up to Window unanswered ones in messages of at most BatchScans. After any break the server says what it has
// committed (last_seq) and the uplink goes on behind that.
//
// A disk restored from a copy, or cloned, has an old journal: new scans get numbers that the server knows with other content. Going on behind last_seq
// would then lose scans without a word. So whenever the server has committed scans whose outcomes this journal has not stored, the newest such scan is
// sent again first: the server compares content and answers seq_conflict if it is another one. Then each scan without an outcome is tried alone, in
// order; those the server has are answered, and from the first conflict on this station's scans are its own: they go to a new producer. Nothing is lost
// and nothing is counted twice.
package uplink
