// Package wiretest is a server that speaks the station protocol to the letter and watches the station: for tests of the agent only.
//
// It keeps what it committed in memory, refuses gaps, compares repeated scans by content, stores one outcome per scan, and can be told to cut sockets at
// every place, to lose its newest scans as a restored backup does, to revoke the station and to be away.
package wiretest
