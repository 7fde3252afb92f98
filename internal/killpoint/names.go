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

	// scanner/uplink: scans to the server, outcomes back
	"uplink.send",
	"uplink.sent",
	"uplink.stored",

	// scanner/agent: the scan is safe and shown; the beep
	"agent.captured",
	"agent.beep",
	"agent.beeped",
}
