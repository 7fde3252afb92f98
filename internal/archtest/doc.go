// Package archtest holds the house's import rules as a test.
package archtest
