// Package audit recomputes everything that must always hold from the ledgers and the events, and names what does not: stock from movements, units from
// outcomes, money from refunds, every state from the event that brought it. It only reads, in one snapshot, and runs beside a working warehouse.
//
//	movements ─▶ balances, unit accounts      refunds ─▶ reserved and refunded columns, payments
//	outcomes  ─▶ units, plates, parcels       events  ─▶ facets, states
package audit
