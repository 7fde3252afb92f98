// Package killpoint lets a test kill this process at an exact place, to prove what survives. In production it costs one atomic load per Hit.
//
//	BACKDOCK_KILLPOINT=journal.synced:3 station run …     the third Hit("journal.synced") sends SIGKILL to the own process
//
// Every name stands in Names; a test holds the list against the Hit calls in the source, in both directions, so a test that walks all
// names walks all places.
package killpoint
