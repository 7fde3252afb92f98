-- +goose Up
-- Failed tries to log in and to enrol, so that all server processes wait together. Only a failure writes here; rows older than an hour are forgotten.
CREATE TABLE login_failures (
    key_hash TEXT PRIMARY KEY,   -- of who tries from where: neither names nor addresses are kept
    n INTEGER NOT NULL CHECK (n > 0),
    last_at TIMESTAMPTZ NOT NULL,
    open_at TIMESTAMPTZ NOT NULL          -- no try before this
);
CREATE INDEX login_failures_last ON login_failures (last_at);

-- +goose Down
DROP TABLE login_failures;
