package auth

import "slices"

// Role is what a user does.
type Role string

const (
	Dock      Role = "dock"
	Clerk     Role = "clerk"
	Inspector Role = "inspector"
	Putaway   Role = "putaway"
	Service   Role = "service"
	Claims    Role = "claims"
	Finance   Role = "finance"
	Manager   Role = "manager"
	Merchant  Role = "merchant" // reads own goods
	Admin     Role = "admin"
)

// Roles lists every role.
var Roles = []Role{Dock, Clerk, Inspector, Putaway, Service, Claims, Finance, Manager, Merchant, Admin}

// Valid reports whether r is a role.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }
