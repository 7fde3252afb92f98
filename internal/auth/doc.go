// Package auth knows who is at the door and what they may see: users with grants, sessions, badges and stations.
//
//	person   username + password ─▶ session cookie (hashed in the store) + CSRF token
//	operator badge (HMAC in the store) scanned at a bench
//	station  one-time enrolment code ─▶ token (hashed in the store)
//
// A grant is (role, warehouse or all, owner or all, shop or all). Scope turns grants into the filter of every query and of every live frame: what a principal may not
// see does not exist for it.
package auth
