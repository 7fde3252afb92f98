// Package office holds what people decide at a screen: a case, a refund. Each verb opens one transaction and calls the room that owns the rule; nothing is decided here.
// It lets api, which knows no transaction, name a thing and a person and get an error or nothing.
package office
