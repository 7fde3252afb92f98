// Package aftersales holds cases and their facets.
package aftersales
