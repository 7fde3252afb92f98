package db

import (
	"context"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"testing"
)

// lite opens a database with a table of two rows and hands out its only connection's insides.
func lite(t *testing.T) (handle *DB, kept func() map[string]*liteStmt) {
	t.Helper()
	d, err := Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "x.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	for _, q := range []string{"CREATE TABLE n (i INTEGER PRIMARY KEY, t TEXT UNIQUE)", "INSERT INTO n (t) VALUES ('a'), ('b')"} {
		if _, err := d.SQL.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	return d, func() (m map[string]*liteStmt) {
		c, err := d.SQL.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Raw(func(raw any) error { m = raw.(*liteConn).kept; return nil }); err != nil {
			t.Fatal(err)
		}
		return m
	}
}

func TestStatementsAreKeptFromOneTransactionToTheNext(t *testing.T) {
	d, kept := lite(t)
	const q = "SELECT count(*) FROM n WHERE i > ?"
	var first *liteStmt
	for i := range 3 {
		tx, err := d.SQL.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := tx.QueryRowContext(t.Context(), q, i).Scan(&n); err != nil || n != 2-i {
			t.Fatalf("counted %d above %d: %v", n, i, err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		s := kept()[q]
		if s == nil || s.busy {
			t.Fatalf("after transaction %d: %+v", i, s)
		}
		if i == 0 {
			first = s
		}
		if s != first {
			t.Error("prepared again")
		}
	}
}

func TestTheSameTextWithinItself(t *testing.T) {
	d, _ := lite(t)
	const q = "SELECT i FROM n ORDER BY i"
	tx, err := d.SQL.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	outer, err := tx.QueryContext(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()
	got := ""
	for outer.Next() {
		var a, b int
		inner, err := tx.QueryContext(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for inner.Next() {
			if err := outer.Scan(&a); err != nil {
				t.Fatal(err)
			}
			if err := inner.Scan(&b); err != nil {
				t.Fatal(err)
			}
			got += fmt.Sprint(a, b, " ")
		}
		if err := inner.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got != "1 1 1 2 2 1 2 2 " {
		t.Errorf("read %q", got)
	}
}

func TestAKeptStatementSurvivesItsErrorsAndAChangedTable(t *testing.T) {
	d, _ := lite(t)
	insert := func(text string) error {
		_, err := d.SQL.ExecContext(t.Context(), "INSERT INTO n (t) VALUES (?)", text)
		return err
	}
	for range 2 {
		if err := insert("a"); !IsUnique(err) {
			t.Fatalf("a second a: %v", err)
		}
	}
	if err := insert("c"); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.SQL.ExecContext(ended, "INSERT INTO n (t) VALUES (?)", "d"); err == nil {
		t.Fatal("ran after its context had ended")
	}
	columns := func() []string {
		rows, err := d.SQL.QueryContext(t.Context(), "SELECT * FROM n")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		types, err := rows.ColumnTypes()
		if err != nil || types[0].DatabaseTypeName() != "INTEGER" {
			t.Fatalf("types %v, %v", types, err)
		}
		names, _ := rows.Columns()
		return names
	}
	if got := columns(); len(got) != 2 {
		t.Fatal(got)
	}
	if _, err := d.SQL.ExecContext(t.Context(), "ALTER TABLE n ADD COLUMN more TEXT"); err != nil {
		t.Fatal(err)
	}
	if got := columns(); len(got) != 3 {
		t.Errorf("after a column was added: %v", got)
	}
}

func TestWhichStatementsAreKept(t *testing.T) {
	for query, want := range map[string]bool{
		"SELECT 1": true, " \n\tselect 1;\n": true, "WITH a AS (SELECT 1) SELECT * FROM a": true, "INSERT INTO a VALUES (?)": true, "UPDATE\ta SET b = 1": true,
		"BEGIN IMMEDIATE": false, "PRAGMA foreign_keys": false, "CREATE TABLE a (b)": false, "SELECT 1; SELECT 2": false, "SELECT ';'": false, "": false,
	} {
		if got := keepable(query); got != want {
			t.Errorf("%q: %v", query, got)
		}
	}
}

func TestTooManyStatementsAreForgotten(t *testing.T) {
	d, kept := lite(t)
	for i := range 3 * keptStmts {
		if _, err := d.SQL.ExecContext(t.Context(), fmt.Sprintf("UPDATE n SET t = t WHERE i = %d", -i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(kept()); n > keptStmts || n == 0 {
		t.Errorf("%d statements are kept", n)
	}
}

var (
	_ driver.Conn = (*liteConn)(nil)
	_ fullConn    = (*liteConn)(nil)
	_ fullRows    = (*liteRows)(nil)
)
