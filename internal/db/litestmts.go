package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"

	"modernc.org/sqlite"
)

const (
	// keptStmts is how many statements a connection keeps; the desk has some dozens. When there are more, most are one-offs (lists of another length), and all go.
	keptStmts = 256
	// longestKept is the longest text that is kept: longer ones are bulk inserts and scripts, whose running dwarfs their parsing.
	longestKept = 8 << 10
)

// openLite opens a SQLite file whose connections keep their prepared statements. Parsing was a fifth of a scan's processor time: the driver parses the text of
// each Exec and Query anew, and database/sql cannot carry a statement from one transaction to the next on a pool of one connection.
func openLite(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(liteConnector{c}), nil
}

type liteConnector struct{ driver.Connector }

// Connect implements driver.Connector.
func (l liteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := l.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(fullConn)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver's connection (%T) lacks a method that statements are kept with", c)
	}
	return &liteConn{fullConn: inner, kept: map[string]*liteStmt{}}, nil
}

// fullConn is what the driver's connection can do and database/sql asks for.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type fullStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// fullRows is what the driver's rows can do; embedding the interface keeps column types working.
type fullRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// liteConn is one connection. database/sql lets one goroutine at a time into it, closing of rows included.
type liteConn struct {
	fullConn
	kept map[string]*liteStmt
}

type liteStmt struct {
	fullStmt
	busy bool // its rows are being read: the same text needs another statement meanwhile
}

// Close ends the kept statements before the connection.
func (c *liteConn) Close() error {
	c.forget()
	return c.fullConn.Close()
}

// ExecContext implements driver.ExecerContext.
func (c *liteConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.fullConn.ExecContext(ctx, query, args)
	}
	return s.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *liteConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.fullConn.QueryContext(ctx, query, args)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	full, ok := rows.(fullRows)
	if !ok {
		rows.Close()
		return nil, fmt.Errorf("the SQLite driver's rows (%T) lack a method that statements are kept with", rows)
	}
	s.busy = true
	return &liteRows{full, s}, nil
}

// stmt finds or prepares the statement of a text. None says that it is not one to keep, or is busy.
func (c *liteConn) stmt(ctx context.Context, query string) (*liteStmt, error) {
	if s := c.kept[query]; s != nil {
		if s.busy {
			return nil, nil
		}
		return s, nil
	}
	if !keepable(query) {
		return nil, nil
	}
	if len(c.kept) >= keptStmts {
		c.forget()
	}
	p, err := c.fullConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	full, ok := p.(fullStmt)
	if !ok {
		p.Close()
		return nil, fmt.Errorf("the SQLite driver's statement (%T) lacks a method that statements are kept with", p)
	}
	s := &liteStmt{fullStmt: full}
	c.kept[strings.Clone(query)] = s
	return s, nil
}

// forget ends every kept statement that is not being read.
func (c *liteConn) forget() {
	for query, s := range c.kept {
		if !s.busy {
			s.Close()
			delete(c.kept, query)
		}
	}
}

// keepable reports whether a text is one statement that reads or writes rows. Of what holds a semicolon only the driver knows how many statements it is.
func keepable(query string) bool {
	if len(query) > longestKept || strings.IndexByte(strings.TrimRight(query, "; \n\t"), ';') >= 0 {
		return false
	}
	word := strings.TrimLeft(query, " \n\t")
	if end := strings.IndexAny(word, " \n\t"); end >= 0 {
		word = word[:end]
	}
	switch strings.ToUpper(word) {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		return true
	}
	return false
}

type liteRows struct {
	fullRows
	stmt *liteStmt
}

// Close implements driver.Rows: the statement is free again.
func (r *liteRows) Close() error {
	r.stmt.busy = false
	return r.fullRows.Close()
}
