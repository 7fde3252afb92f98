package main

// figures lists everything that is measured, in the order of the table.
func figures() []Figure {
	return []Figure{
		{Name: "agent_bytes_to_durable_p99", What: "bytes on the scanner's wire until the scanner hears that the scan is on the disk; against append + fdatasync", Unit: "µs",
			Better: Lower, Target: Target{Ratio: 3}, Rig: durableRig},
		{Name: "agent_rss_mb", What: "memory of bin/station after 500 scans; against a Go server that does nothing", Unit: "MiB", Better: Lower, Target: Target{Value: 30},
			Rig: agentMemoryRig},
		{Name: "server_idle_rss_mb", What: "memory of bin/backdock serve on PostgreSQL, idle; against a Go server that does nothing", Unit: "MiB", Better: Lower,
			Target: Target{Value: 90}, Rig: serverMemoryRig},
		{Name: "server_ready_s", What: "start of bin/backdock serve to its first yes at /readyz; against a Go server that does nothing", Unit: "s", Better: Lower,
			Target: Target{Value: 0.5}, Rig: serverReadyRig},
	}
}
