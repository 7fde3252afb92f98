-- +goose Up
-- Bins and totes, and what lies where. A released piece that its owner counts only once it lies on a shelf stands in an account of its own.
INSERT INTO accounts (code) VALUES ('released'), ('released_b');
INSERT INTO unit_states (code) VALUES ('released'), ('released_b');
ALTER TABLE policies ADD COLUMN available_on TEXT NOT NULL DEFAULT 'release' CHECK (available_on IN ('release', 'put_away'));
CREATE TABLE place_kinds (code TEXT PRIMARY KEY);
INSERT INTO place_kinds (code) VALUES ('shelf'), ('second'), ('hold'), ('repair'), ('outbound'), ('hazard'), ('tote_blue'), ('tote_yellow'), ('tote_red'), ('tote_hazard');
CREATE TABLE places (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    code TEXT NOT NULL,                               -- B-… for bins, T-… for totes
    kind TEXT NOT NULL REFERENCES place_kinds (code),
    capacity INTEGER NOT NULL CHECK (capacity > 0),   -- pieces
    held INTEGER NOT NULL DEFAULT 0,                  -- pieces that lie there
    UNIQUE (warehouse_id, code),
    CHECK (held BETWEEN 0 AND capacity)
);
CREATE INDEX places_empty ON places (warehouse_id, kind, code) WHERE held = 0;
CREATE TABLE unit_places (                            -- where a piece lies now; none: in somebody's hands, or gone
    unit_id INTEGER PRIMARY KEY REFERENCES units (id),
    place_id BIGINT NOT NULL REFERENCES places (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    since DATETIME NOT NULL
);
CREATE INDEX unit_places_place ON unit_places (place_id);
CREATE INDEX unit_places_sku ON unit_places (sku_id);
CREATE TABLE placements (                             -- every change of place, for ever
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit_id BIGINT NOT NULL REFERENCES units (id),
    from_place BIGINT REFERENCES places (id),
    to_place BIGINT REFERENCES places (id),
    cause TEXT NOT NULL,                              -- put_away, put_away_undo, inspection, left, stock_take
    cause_ref TEXT NOT NULL,
    by_user BIGINT REFERENCES users (id),
    at DATETIME NOT NULL,
    CHECK (from_place IS NOT NULL OR to_place IS NOT NULL)
);
CREATE INDEX placements_unit ON placements (unit_id);

-- +goose Down
DROP TABLE placements;
DROP TABLE unit_places;
DROP TABLE places;
DROP TABLE place_kinds;
ALTER TABLE policies DROP COLUMN available_on;
DELETE FROM unit_states WHERE code IN ('released', 'released_b');
DELETE FROM accounts WHERE code IN ('released', 'released_b');
