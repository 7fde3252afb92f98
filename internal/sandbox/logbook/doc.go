// Package logbook is the memory of a simulator: an append-only file of checksummed lines.
//
//	crc32c(8 hex) SP payload LF
//
// Append hands out a sequence number at once; Wait returns when everything up to that number is on disk. Concurrent waiters share one fsync (the
// first one writes for all). After a crash the torn tail is cut off; damage before the tail is an error, because an acknowledged line would be lost.
// It imports only the standard library.
package logbook
