// Package disk holds the two moves that make a small file survive a power cut: replace it whole, and sync the directory that names it.
package disk
