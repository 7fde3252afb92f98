// Package receiving holds parcels, receipts, benches and the outcomes of scans.
package receiving
