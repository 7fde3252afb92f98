// Package plan is what the host tells the machine, in a file of its initrd. It imports nothing of the house.
package plan

const (
	// File is where the machine finds it.
	File = "/plan.json"
	// DefaultScans is a soak that two busy cores finish within ten minutes.
	DefaultScans = 10000
	// MinScans gives every scanner some.
	MinScans = 100
	// Verdict begins the last line of the console; "passed" follows, or what is wrong.
	Verdict = "VMTEST VERDICT: "
	// Passed follows Verdict.
	Passed = "passed"
)

// The machine's serial lines: 0 is the console.
const (
	FarEnd  = "/dev/ttyS1" // the scanner's end of the USB serial adapter
	Monitor = "/dev/ttyS2" // QEMU's monitor, which plugs and unplugs the adapter
)

// Adapter is how the monitor names the USB serial adapter, and Line the character device of its other end.
const (
	Adapter = "adapter"
	Line    = "line"
	Bus     = "xhci.0"
)

// Plan is a run.
type Plan struct {
	Scans   int      `json:"scans"`
	Seed    uint64   `json:"seed"`
	Modules []string `json:"modules"` // in the order of loading
	Tests   []string `json:"tests"`   // test programs, of which the tests named TestKernel… are run
}
