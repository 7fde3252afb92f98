// Package blob keeps files under keys: in a folder, or in a bucket that speaks S3. A key is a family and hexadecimal digits, as "blob/9f86d0…": no text of a client
// ever becomes part of a path.
//
// A file is there whole or not at all, and what Put has returned from survives a power cut.
package blob
