// Package api is the server's outside: REST under /api/v1, the sockets /ws/station and /ws/live, payment hooks, health, metrics, and the pages of the web build.
//
//	fiber ─ request id ─ headers ─ deadline ─ panics ─┬─ /api/v1/… huma ─ who? role? CSRF? idempotency ─ handler: parse, one verb, reply
//	                                                   ├─ /ws/…    socket: one wrapper owns writer, deadlines, queue and shutdown
//	                                                   └─ pages, /openapi.json, /docs, /healthz, /readyz, /metrics
//
// It holds no business rule and no query: verbs are the domain rooms', reads are receiving/report's. Every failure leaves as an RFC 9457 problem with a stable code.
package api
