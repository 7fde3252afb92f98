// Package agent is the station program: it supervises the scanners, makes every scan durable before it is acknowledged, carries it to the server and
// serves the station page on the machine itself, so that a bench works and its page reloads with the server away.
//
//	scanner ─▶ reader ─▶ framer ─▶ capture ─▶ journal (fsync) ─▶ light 1, good beep ─▶ uplink
//	   ▲                     │ dropped bytes: bad beep, notice                            │ outcomes, view
//	   └──── beeper ◀────────┴──────────────── page (127.0.0.1) ◀────────────────────────┘
//
// One goroutine per scanner opens, reads, and opens again; one more only reads, because kernels buffer little; one more only writes feedback, because a
// scanner may take its time. Captures run one at a time: the order of seq is the order in which codes ended.
package agent
