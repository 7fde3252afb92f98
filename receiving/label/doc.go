// Package label leases license plates. A plate number names one piece for ever: numbers come from one counter in blocks, a block belongs to one station (or to
// the server, for stations that lease none), and nothing is ever given back.
//
//	plate_counter ──Lease──▶ plate_leases(first, count, station) ──▶ station: one plate per capture, also offline
//	                    └──▶ Pool: plates for scans that came without a usable one
package label
