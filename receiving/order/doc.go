// Package order holds orders, their lines, payments and shipments.
package order
