// Package db opens the store and keeps its schema: PostgreSQL for warehouses, SQLite for one process on one machine. Everything above sees one *gorm.DB
// inside InTx and does not ask which it is.
//
//	DB ─┬─ InTx  one writing transaction, tried again on serialization failure, deadlock or BUSY
//	    └─ Read  reads outside a transaction (SQLite: query_only connections beside the one writer)
package db
