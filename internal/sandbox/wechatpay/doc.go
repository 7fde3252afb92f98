// Package wechatpay simulates the refunds of WeChat Pay API v3 for tests, the demo and the bench: it checks real signatures, keeps its state over
// SIGKILL, signs its answers, sends encrypted callbacks and fails on demand.
//
//	request → admit (signature, clock, nonce) → validate → fault "before" → accept (one durable entry) → fault "after" → signed answer
//	                                                                          │
//	        PROCESSING ──settle──► SUCCESS (one ledger line: money moved)      ├──► callback ──courier──► notify_url, until 2xx
//	            ▲    ├───────────► CLOSED                                      │
//	            │    └───────────► ABNORMAL ──apply-abnormal-refund──┐         │
//	            └────────────────────────────────────────────────────┘
//
// Everything it knows is one append-only logbook; what was answered is on disk first. It imports only the standard library, the logbook and
// internal/{clock,id}: no domain, no adaptor, and no line of the gateway that it tests.
package wechatpay
