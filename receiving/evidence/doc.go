// Package evidence keeps what a camera saw of a parcel: photos, and the unboxing video from the scan that opens the parcel to the scan that closes it, each scan
// between them a chapter mark.
//
// A file is named by the SHA-256 of its content and kept once, however many things it is the evidence of. It arrives by a resumable upload (tus 1.0) in parts
// that any server of the database can take, is checked by its content, and becomes visible in one commit:
//
//	parts … → claim (its hash: nobody removes that file now) → file durable → one commit: row, event, upload done → parts removed
//
// It goes when the days of its kind and owner are over and nobody holds it, in the other direction:
//
//	row purged, file doomed: one commit → file removed → its blob row removed
//
// A process that dies between two steps leaves work for Sweep, never a row without its file. The store itself is declared here and lives in internal/blob.
package evidence
