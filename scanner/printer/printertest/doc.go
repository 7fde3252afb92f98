// Package printertest is a label printer for tests: it speaks port 9100, answers ~HS, keeps what it printed, runs out of labels, and stalls, refuses and cuts on
// demand.
package printertest
