// Package report reads: boards, lists and details for screens, each from one consistent snapshot. It writes nothing. Its types are the ones that leave the house as
// JSON: they hold what a screen needs, and no buyer's name, phone or address, no token and no key.
//
// Every query takes the caller's auth.Scope; what lies outside it is not found.
package report
