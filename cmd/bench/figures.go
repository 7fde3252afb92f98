package main

import "fmt"

// figures lists everything that is measured, in the order of the table.
func figures() []Figure {
	out := append(append(scanFigures(), returnFigures()...), growthFigures()...)
	return append(out,
		Figure{Name: "agent_bytes_to_durable_p99", What: "bytes on the scanner's wire until the scanner hears that the scan is on the disk; against append + fdatasync", Unit: "µs",
			Better: Lower, Target: Target{Ratio: 3}, Rig: durableRig},
		Figure{Name: "catch_up_vs_online", What: fmt.Sprintf("bin/station after %d scans without the server, from the link's return to the last stored outcome; against as many scans with the server there", absence),
			Unit: "scans/s", Better: Higher, Rig: catchUpRig},
		Figure{Name: "agent_rss_mb", What: "memory of bin/station after 500 scans; against a Go server that does nothing", Unit: "MiB", Better: Lower, Target: Target{Value: 30},
			Rig: agentMemoryRig},
		Figure{Name: "server_idle_rss_mb", What: "memory of bin/backdock serve on PostgreSQL, idle; against a Go server that does nothing", Unit: "MiB", Better: Lower,
			Target: Target{Value: 90}, Rig: serverMemoryRig},
		Figure{Name: "server_ready_s", What: "start of bin/backdock serve to its first yes at /readyz; against a Go server that does nothing", Unit: "s", Better: Lower,
			Target: Target{Value: 0.5}, Rig: serverReadyRig},
	)
}

// scanFigures are pieces received a second. The targets are those of sixteen benches, where the machine is full.
func scanFigures() []Figure {
	var out []Figure
	for _, benches := range []int{1, 16, 64} {
		for _, oneSKU := range []bool{false, true} {
			for _, window := range []int{1, pipelined} {
				l := load{benches: benches, window: window, oneSKU: oneSKU}
				fig := Figure{Name: fmt.Sprintf("scan_pg_ws_%d", benches), Unit: "scans/s", Better: Higher, Rig: wsRig(l)}
				fig.What = fmt.Sprintf("%d stations, bin/backdock serve, PostgreSQL, %s; against pgbench, one scan per transaction", benches, l)
				if benches == 16 {
					fig.Target.Ratio = 0.6
				}
				if window > 1 {
					fig.Name += "_pipelined"
					if benches == 16 {
						fig.Target.Ratio = 1
					}
				}
				if oneSKU {
					fig.Name += "_one_sku"
				}
				out = append(out, fig)
			}
		}
	}
	for _, window := range []int{1, pipelined} {
		l := load{benches: 16, window: window}
		fig := Figure{Name: "desk_pg_16", What: fmt.Sprintf("16 benches, desk in this process, PostgreSQL, %s; against pgbench", l), Unit: "scans/s", Better: Higher, Rig: deskRig(l)}
		lite := Figure{Name: "scan_sqlite_ws_1", Unit: "scans/s", Better: Higher, Target: Target{Ratio: 0.5}, Rig: liteRig(load{benches: 1, window: window}),
			What: fmt.Sprintf("1 station, bin/backdock serve, SQLite, %s; against the bare driver, one scan per transaction", l)}
		if window > 1 {
			fig.Name, lite.Name = fig.Name+"_pipelined", lite.Name+"_pipelined"
		}
		out = append(out, fig, lite)
	}
	return out
}

// returnFigures are whole returns: how many a second, and how long one takes.
func returnFigures() []Figure {
	var out []Figure
	for _, benches := range []int{1, 8, 32} {
		name := fmt.Sprintf("return_pg_%d", benches)
		what := fmt.Sprintf("%d benches, whole returns of %d pieces up to the refund accepted by the simulated bank, %%s; against as many commits by pgbench", benches, piecesOfReturn)
		out = append(out, Figure{Name: name, What: fmt.Sprintf(what, "returns a second"), Unit: "returns/s", Better: Higher, Rig: returnsRig(benches, false)},
			Figure{Name: name + "_p50", What: fmt.Sprintf(what, "median time"), Unit: "ms", Better: Lower, Rig: returnsRig(benches, true)})
	}
	return out
}

func (l load) String() string {
	flight, goods := "one scan in flight", "2,000 SKUs"
	if l.window > 1 {
		flight = fmt.Sprintf("%d scans in flight", l.window)
	}
	if l.oneSKU {
		goods = "all of one SKU"
	}
	return flight + ", " + goods
}
