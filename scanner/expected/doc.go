// Package expected is a bench's copy of what its warehouse awaits, for judging scans while the server cannot be asked. It holds no code in the clear: only
// sums keyed by the station's token (wire.Hasher), so that a stolen file lists no waybill, and nothing of any buyer.
//
//	page ──▶ Cache.Apply ──▶ DIR/expected.bin    head │ snapshot page … complete │ delta page …
//	                    └──▶ memory              records in chunks │ number → record │ ref → record │ code → SKU
//
//	file:  "BDEXPECT" 1 │ key u64 │ unix seconds u64 │ CRC-32C u32     then per page: length u32 │ page, which ends with its own CRC-32C
//
// A snapshot is written beside the file and renamed over it when it is complete. Deltas are appended; a torn or damaged tail is cut off, and the feed is asked
// again from the page before it. A file whose snapshot is damaged, or that belongs to another token, is thrown away: it can be fetched again.
package expected
