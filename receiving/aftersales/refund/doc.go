// Package refund sends money back exactly once. It declares what a payment gateway must be able to do (Gateway, Notifier); the adaptors live in
// receiving/world/payment and are proved by gatewaytest.Exercise.
//
// One refund is one key for ever. The key and the exact body are stored before the first byte leaves, the body is sent, and whatever comes back is
// one of five effects:
//
//	Done      the money is with the buyer
//	Accepted  the other side will do it; only a query or a verified notice makes it Done
//	Unknown   nothing is proved: ask (Query) before anything is sent again
//	Rejected  it will not happen under this key
//	Held      a person or funds are needed; the key stays
package refund
