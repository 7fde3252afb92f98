// Package unclaimed looks after parcels of unknown owner: who may own one, what people note about it, and how it ends when nobody does.
//
//	parcel of unknown owner ──Search──▶ candidates with reasons ──desk.ClaimFor──▶ a parcel like any other
//	     │  Note: paper inside, phone's tail, origin, shelf
//	     └──Ask──▶ owner asked ──Request──▶ wish of one person ──Confirm──▶ handed_back | sold_as_found | disposed, by another person
//
// Searching asks a bounded number of rows of the newest by index, whatever the size of the books; judging them is match's. Who claims is desk's, because claiming
// judges pieces. Buyer data never leaves: a phone's tail is compared by its blind index.
package unclaimed
