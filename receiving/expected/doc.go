// Package expected tells the benches of a warehouse what is awaited, so that one that is cut off can still judge: cases that wait for goods, parcels that come
// back unopened, and the products in them. It sends sums (wire.Hasher), never a number in the clear and nothing of any buyer.
//
//	cases, case_lines, waybill_aliases, ─ triggers, same transaction ─▶ expected_changes(kind, ref, mark)
//	shipments, serials, codes                                                   │
//	station ── GET ?after=cursor ──▶ Feed.Page: no cursor, or too old ─▶ snapshot, case by case, as of a mark taken first
//	                                            else ─▶ what changed at or after the cursor's mark, as it stands now; gone when it awaits nothing
//
// Every record is absolute, so that telling one twice changes nothing. A mark is the writing transaction's number on PostgreSQL; the next cursor is the oldest
// transaction that was still running when the page was begun, since whatever it writes becomes visible later. On SQLite it is the row's own number.
package expected
