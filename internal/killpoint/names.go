package killpoint

// Names lists every kill point. Add a name here together with its Hit.
var Names = []string{
	"self.test", // this package's own test

	// scanner/journal: a scan, the server's answers, plates, a new producer
	"journal.append",
	"journal.written",
	"journal.synced",
	"outcomes.append",
	"outcomes.written",
	"outcomes.synced",
	"plates.saved",
	"journal.carried",
	"journal.renewed",

	// Refund engine: receiving/aftersales/refund.
	"refund.claiming",   // before the commit that stores intent, body and lease
	"refund.claimed",    // after it, before the first byte
	"refund.answered",   // the gateway has answered, nothing is written down
	"refund.concluding", // before the commit that writes the answer down
	"refund.concluded",  // after it
	"refund.noticing",   // before the commit that stores a notice and what it moves
	"refund.noticed",    // after it, before the gateway is answered

	// receiving/desk: a batch of scans, a station's hello, a parked scan
	"desk.before_commit", // everything is written, nothing committed
	"desk.after_commit",  // committed, not yet answered
	"desk.greeted",
	"desk.before_park",

	// receiving/evidence: a part of an upload; the whole of it; a file that goes
	"evidence.part.stored",    // the part's file is there, no row names it
	"evidence.part.committed", // its row too, not yet answered
	"evidence.claimed",        // the file's hash is spoken for, the file is not there
	"evidence.stored",         // it is, no evidence refers to it
	"evidence.filed",          // evidence, parts still there
	"evidence.doomed",         // the row is purged, the file there
	"evidence.removed",        // the file is gone, its row there

	// scanner/uplink: scans to the server, outcomes back
	"uplink.send",
	"uplink.sent",
	"uplink.stored",

	// scanner/expected: a snapshot takes the place of the old file; a delta was appended
	"expected.swap",
	"expected.swapped",
	"expected.appended",

	// scanner/guess: an answer of the station's own was written; compared with the outcome; the book was written anew
	"guess.written",
	"guess.compared",
	"guess.rewriting",
	"guess.rewritten",

	// scanner/agent: the scan is safe and shown; the beep
	"agent.captured",
	"agent.beep",
	"agent.beeped",

	// scanner/agent: a label. Before its first byte; printed, not yet written down; written down
	"print.sending",
	"print.sent",
	"print.done",
}
