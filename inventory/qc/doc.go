// Package qc grades units and disposes of them.
package qc
