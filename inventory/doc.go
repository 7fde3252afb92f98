// Package inventory holds units, accounts and the movement ledger. It records facts about stock and never learns that refunds exist.
package inventory
