// Package testkit gives tests real parts: a throw-away PostgreSQL cluster, a migrated database of their own on both dialects, child processes to kill.
package testkit
