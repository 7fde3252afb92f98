// Command bench measures Backdock beside the least that the same work can cost: pgbench, the bare SQLite driver, a bare append. A figure is the median of
// alternating runs (baseline, ours, baseline, ours, …) on the same machine in the same minutes, and what it claims is the ratio, never the absolute time.
//
//	trace one scan ─▶ statements ─┬─▶ script ─▶ pgbench ──────────▶ baseline
//	                              └─▶ replay ─▶ bare SQLite ──────▶ baseline
//	stations over websockets ─▶ bin/backdock serve ─▶ PostgreSQL ─▶ ours
//
// docs/performance.md says how to read and repeat the figures.
package main
