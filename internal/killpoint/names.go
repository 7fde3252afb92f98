package killpoint

// Names lists every kill point. Add a name here together with its Hit.
var Names = []string{
	"self.test", // this package's own test

	// Station agent: scanner/journal, scanner/agent, scanner/uplink.
}
