-- +goose Up
-- Pieces that are promised, corrections, counts, and what other systems have been told of the stock.
INSERT INTO accounts (code) VALUES ('reserved'), ('reserved_b');
INSERT INTO unit_states (code) VALUES ('missing');
CREATE TABLE reservation_states (code TEXT PRIMARY KEY);
INSERT INTO reservation_states (code) VALUES ('held'), ('taken'), ('released'), ('expired'), ('broken');
CREATE TABLE reservations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    account TEXT NOT NULL REFERENCES accounts (code) CHECK (account IN ('available', 'second_grade')),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    purpose TEXT NOT NULL,                            -- what for: reshipment, exchange, …
    ref TEXT NOT NULL,                                -- the caller's own number
    state TEXT NOT NULL REFERENCES reservation_states (code),
    movement_id BIGINT NOT NULL REFERENCES movements (id),
    expires_at DATETIME NOT NULL,
    by_user BIGINT REFERENCES users (id),
    at DATETIME NOT NULL,
    ended_by BIGINT REFERENCES users (id),
    ended_at DATETIME,
    end_reason TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX reservations_held ON reservations (owner_id, purpose, ref) WHERE state = 'held';
CREATE INDEX reservations_expiry ON reservations (expires_at) WHERE state = 'held';
CREATE INDEX reservations_stock ON reservations (sku_id, warehouse_id, account) WHERE state = 'held';
CREATE TABLE adjustment_reasons (code TEXT PRIMARY KEY);
INSERT INTO adjustment_reasons (code) VALUES ('lost'), ('found'), ('damaged'), ('counted'), ('opening'), ('other');
CREATE TABLE counts (                                 -- a stock-take of what waits for inspection, of a warehouse or of one place
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    place_id BIGINT REFERENCES places (id),
    state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'posted', 'cancelled')),
    opened_by BIGINT NOT NULL REFERENCES users (id),
    opened_at DATETIME NOT NULL,
    closed_by BIGINT REFERENCES users (id),
    closed_at DATETIME,
    confirmed_by BIGINT REFERENCES users (id),
    confirmed_at DATETIME
);
CREATE INDEX counts_warehouse ON counts (warehouse_id, id);
CREATE TABLE count_plates (                           -- what was scanned
    count_id BIGINT NOT NULL REFERENCES counts (id),
    plate TEXT NOT NULL,
    by_user BIGINT NOT NULL REFERENCES users (id),
    at DATETIME NOT NULL,
    PRIMARY KEY (count_id, plate)
);
CREATE TABLE count_lines (                            -- how it differed from the book when the count was closed
    count_id BIGINT NOT NULL REFERENCES counts (id),
    plate TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('missing', 'surplus', 'misplaced')),
    unit_id BIGINT REFERENCES units (id),
    unit_version BIGINT NOT NULL DEFAULT 0,
    book TEXT NOT NULL DEFAULT '',                    -- state or place that the book says
    result TEXT NOT NULL DEFAULT '',                  -- posted, changed (it moved meanwhile), open (a person has to look)
    PRIMARY KEY (count_id, plate)
);
CREATE TABLE adjustments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    account TEXT NOT NULL REFERENCES accounts (code),
    quantity INTEGER NOT NULL CHECK (quantity <> 0),  -- more, or less
    unit_id BIGINT REFERENCES units (id),
    count_id BIGINT REFERENCES counts (id),
    reason TEXT NOT NULL REFERENCES adjustment_reasons (code),
    note TEXT NOT NULL,
    by_user BIGINT NOT NULL REFERENCES users (id),
    at DATETIME NOT NULL
);
CREATE INDEX adjustments_at ON adjustments (warehouse_id, at);
CREATE TABLE stock_levels (                           -- what was told last, absolute
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    version BIGINT NOT NULL DEFAULT 0,
    accounts TEXT NOT NULL DEFAULT '{}',
    changed_at DATETIME NOT NULL,
    PRIMARY KEY (owner_id, warehouse_id, sku_id)
);

-- +goose Down
DROP TABLE stock_levels;
DROP TABLE adjustments;
DROP TABLE count_lines;
DROP TABLE count_plates;
DROP TABLE counts;
DROP TABLE adjustment_reasons;
DROP TABLE reservations;
DROP TABLE reservation_states;
DELETE FROM unit_states WHERE code = 'missing';
DELETE FROM accounts WHERE code IN ('reserved', 'reserved_b');
