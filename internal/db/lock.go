package db

import (
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ErrAgain, returned by the function of InTx, rolls back and runs it from the start: what it had to lock first turned out to be something else.
var ErrAgain = errors.New("changed before it was locked")

// Lock makes the next query of tx lock the rows it reads until the transaction ends. SQLite's writing transactions exclude each other already.
//
// It is FOR NO KEY UPDATE: keys never change here, so whoever inserts a row that refers to a locked one need not wait. With FOR UPDATE each foreign key would
// be a lock that nobody sees in the code, taken in whatever order rows are inserted.
func Lock(tx *gorm.DB) *gorm.DB { return locking(tx, "") }

// LockFree is Lock that leaves out rows which another transaction has locked.
func LockFree(tx *gorm.DB) *gorm.DB { return locking(tx, clause.LockingOptionsSkipLocked) }

func locking(tx *gorm.DB, options string) *gorm.DB {
	if !IsPostgres(tx) {
		return tx
	}
	return tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE", Options: options})
}

// LockNames locks names until the transaction ends, in their order: for what may have no row yet. On SQLite there is nothing to do.
func LockNames(tx *gorm.DB, names []string) error {
	if !IsPostgres(tx) {
		return nil
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if err := tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 7))", name).Error; err != nil {
			return fmt.Errorf("lock name: %w", err)
		}
	}
	return nil
}

// TryLockNames is LockNames that does not wait: false says that another transaction holds one of them. Those it got stay locked.
func TryLockNames(tx *gorm.DB, names []string) (bool, error) {
	if !IsPostgres(tx) {
		return true, nil
	}
	for _, name := range names {
		var got bool
		if err := tx.Raw("SELECT pg_try_advisory_xact_lock(hashtextextended(?, 7))", name).Scan(&got).Error; err != nil {
			return false, fmt.Errorf("lock name: %w", err)
		}
		if !got {
			return false, nil
		}
	}
	return true, nil
}
