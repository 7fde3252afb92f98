// Package profile knows what scanner makers' manuals say: how a scanner is set, how it frames codes, and what it is sent so that it beeps. profiles.yaml holds it as
// data; `station profiles` prints it, and profile=NAME in a scanner URL takes it.
//
//	scanner URL ── profile=zebra-ssi ──▶ Profile ─┬─ parameters the URL does not set   → driver and framing
//	                                              └─ bytes for good, bad, part, again  → feedback
//
// Nothing here was tried on a scanner. Each profile names its source and says how sure it is.
//
// It imports a YAML reader only.
package profile
