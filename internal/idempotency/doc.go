// Package idempotency lets a caller repeat a write without doing it twice. The caller's key, a hash of the request and the sealed answer are stored by the very
// transaction that does the write: committed means the answer is there, rolled back means the key is free again.
package idempotency
