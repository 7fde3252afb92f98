// Package order holds orders, their lines, payments and shipments, and moves an order's status: forwards only, so that a message that arrives late never
// brings an old status back.
package order
