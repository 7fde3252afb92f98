// Package secret keeps what must not be read from a stolen disk or dump: AES-256-GCM with a key id for buyers' fields, and keyed blind indexes (HMAC-SHA256)
// by which an exact phone number or name can be looked up without being stored.
//
//	key ring text, one key a line:
//	  index <base64 of 32 bytes>       never changes: changing it makes every blind index useless
//	  2026b <base64 of 32 bytes>       the first data key seals
//	  2026a <base64 of 32 bytes>       later ones only open
package secret
