// Package place holds where things are: warehouses, and later bins and totes.
package place
