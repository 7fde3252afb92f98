package auth

import (
	"slices"
	"strings"

	"github.com/backdock/backdock/internal/id"
)

// Scope is the union of the areas in which a principal holds a role. The zero Scope holds nothing.
type Scope struct{ areas []area }

type area struct {
	warehouse id.Warehouse
	owner     id.Owner
	shop      id.Shop
}

// Everything is the scope of the system itself: reports for the command line, tests.
func Everything() Scope { return Scope{areas: []area{{}}} }

// Unlimited stands in Columns for a dimension that a kind of thing does not have: an order is in no warehouse.
const Unlimited = "1=1"

// Columns gives the SQL conditions of a query by which a thing is in a warehouse, belongs to an owner, came from a shop; each holds one "?" for the id.
// An empty condition lets nobody through whose grant is limited in that dimension.
type Columns struct{ Warehouse, Owner, Shop string }

// SQL returns the scope as a condition and its arguments.
func (s Scope) SQL(c Columns) (string, []any) {
	var or []string
	var args []any
	for _, a := range s.areas {
		and := []string{"1=1"}
		for _, d := range []struct {
			id   int64
			cond string
		}{{int64(a.warehouse), c.Warehouse}, {int64(a.owner), c.Owner}, {int64(a.shop), c.Shop}} {
			switch {
			case d.id == 0 || d.cond == Unlimited:
			case d.cond == "":
				and = append(and, "1=0")
			default:
				and, args = append(and, d.cond), append(args, d.id)
			}
		}
		or = append(or, "("+strings.Join(and, " AND ")+")")
	}
	if len(or) == 0 {
		return "1=0", nil
	}
	return "(" + strings.Join(or, " OR ") + ")", args
}

// Allows reports whether a thing is inside the scope. Zero for the warehouse means the thing is in none, as an order, and is not limited by it; zero for owner or
// shop means unknown, and then a grant limited to an owner or shop does not reach it.
func (s Scope) Allows(w id.Warehouse, o id.Owner, sh id.Shop) bool {
	for _, a := range s.areas {
		if a.allows(w, o, sh) {
			return true
		}
	}
	return false
}

// Warehouse reports whether the scope covers all of a warehouse: every owner's goods.
func (s Scope) Warehouse(w id.Warehouse) bool {
	for _, a := range s.areas {
		if (a.warehouse == 0 || a.warehouse == w) && a.owner == 0 && a.shop == 0 {
			return true
		}
	}
	return false
}

// Site reports whether the scope reaches any goods of a warehouse.
func (s Scope) Site(w id.Warehouse) bool {
	for _, a := range s.areas {
		if a.warehouse == 0 || a.warehouse == w {
			return true
		}
	}
	return false
}

// Empty reports whether the scope holds nothing.
func (s Scope) Empty() bool { return len(s.areas) == 0 }

func (a area) allows(w id.Warehouse, o id.Owner, s id.Shop) bool {
	return (a.warehouse == 0 || w == 0 || a.warehouse == w) && (a.owner == 0 || a.owner == o) && (a.shop == 0 || a.shop == s)
}

// Covers reports whether every grant lies wholly inside the scope.
func (s Scope) Covers(grants ...Grant) bool {
	for _, g := range grants {
		inside := slices.ContainsFunc(s.areas, func(a area) bool {
			return (a.warehouse == 0 || a.warehouse == g.Warehouse) && (a.owner == 0 || a.owner == g.Owner) && (a.shop == 0 || a.shop == g.Shop)
		})
		if !inside {
			return false
		}
	}
	return true
}
