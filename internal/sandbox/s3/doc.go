// Package s3 plays a bucket that speaks S3: it keeps objects in memory, and believes nothing that is not signed. AWS Signature Version 4 is checked as Amazon's
// documentation describes it, of the request and of every chunk and trailer of a streamed body, by code that shares nothing with any client. It imports only the
// standard library: no domain and no adaptor.
//
//	request → signature, clock, signed headers → body (its hash, or chunk by chunk) → object
package s3
