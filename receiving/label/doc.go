// Package label leases license plates. A plate number names one piece for ever: numbers come from one counter in blocks, a block belongs to one station (or to
// the server, for stations that lease none), and nothing is ever given back.
//
// A roll is a block that is printed beforehand: it belongs to a warehouse, and any of its benches that takes plates from rolls may use it. Of tells what stands
// on the label of a unit; scanner/sticker draws it.
//
//	plate_counter ──Lease──▶ plate_leases(first, count, station) ──▶ station: one plate per capture, also offline
//	                    ├──▶ Roll: printed beforehand, bound to a piece when it is scanned
//	                    └──▶ Pool: plates for scans that came without a usable one
package label
