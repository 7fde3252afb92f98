// Package queue says which parcel a bench fetches from the dock next: the one whose waiting costs most.
//
//	platform deadline, the earliest first ─▶ hours it has stood there, the most first ─▶ value, the highest first
package queue
