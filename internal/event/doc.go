// Package event is the append-only log of what happened. An event is inserted in the transaction of the fact it tells, so the two are durable together.
//
//	desk, qc, refund ──Append(tx)──▶ events ──sequencer──▶ event_order(seq) ──Tail──▶ live boards, webhooks
//	                       └──▶ triggers, in the same transaction
//
// On PostgreSQL the writing transaction does not number its events: a lock for that would cost most of the throughput, and tailing by id would lose events
// whose transaction commits late. A sequencer pass numbers what has become visible; several processes may try, one wins. On SQLite there is one writer, and
// events are numbered as they are inserted. seq is everybody's resume cursor.
package event
