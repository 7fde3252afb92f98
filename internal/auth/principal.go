package auth

import (
	"slices"

	"github.com/backdock/backdock/internal/id"
)

// Grant lets a user act in a role, within a warehouse, owner and shop. Zero means all of them.
type Grant struct {
	Role      Role
	Warehouse id.Warehouse
	Owner     id.Owner
	Shop      id.Shop
}

// Principal is a user with what they may do.
type Principal struct {
	User     id.User
	Username string
	Display  string
	Lang     string
	Grants   []Grant
	CSRF     string // of the session the principal came with

	session string // token hash
}

// May reports whether the principal holds one of the roles anywhere.
func (p *Principal) May(roles ...Role) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool { return slices.Contains(roles, g.Role) })
}

// Scope returns where the principal may act in one of the roles.
func (p *Principal) Scope(roles ...Role) Scope {
	var s Scope
	for _, g := range p.Grants {
		if slices.Contains(roles, g.Role) && !slices.Contains(s.areas, area{g.Warehouse, g.Owner, g.Shop}) {
			s.areas = append(s.areas, area{g.Warehouse, g.Owner, g.Shop})
		}
	}
	return s
}

// RolesAt lists the roles the principal holds for a thing of a warehouse and owner.
func (p *Principal) RolesAt(w id.Warehouse, o id.Owner, s id.Shop) []string {
	var out []string
	for _, g := range p.Grants {
		if (area{g.Warehouse, g.Owner, g.Shop}).allows(w, o, s) && !slices.Contains(out, string(g.Role)) {
			out = append(out, string(g.Role))
		}
	}
	return out
}
