package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// pgxConn unwraps the connection that GORM's Connection pinned.
func pgxConn(ctx context.Context, c *gorm.DB) (*pgx.Conn, error) {
	conn, ok := c.Statement.ConnPool.(*sql.Conn)
	if !ok {
		return nil, fmt.Errorf("pinned connection is a %T", c.Statement.ConnPool)
	}
	var out *pgx.Conn
	err := conn.Raw(func(driverConn any) error {
		std, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("driver connection is a %T", driverConn)
		}
		out = std.Conn()
		return nil
	})
	return out, err
}

func scanUTC(c *pgx.Conn) error {
	c.TypeMap().RegisterType(&pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC}})
	return nil
}
