-- +goose Up
-- What an owner wants of an inspection beside the limits.
ALTER TABLE policies ADD COLUMN min_life_days INTEGER NOT NULL DEFAULT 0 CHECK (min_life_days >= 0);              -- less life left is never grade A
ALTER TABLE policies ADD COLUMN second_look_percent INTEGER NOT NULL DEFAULT 2 CHECK (second_look_percent BETWEEN 0 AND 100);
ALTER TABLE policies ADD COLUMN second_look_first INTEGER NOT NULL DEFAULT 20 CHECK (second_look_first >= 0);     -- of a new inspector, so many are all looked at again
-- A piece that comes back from repair is inspected again: its earlier judgement is closed, which is not the same as undone.
ALTER TABLE inspections ADD COLUMN closed_at DATETIME;
ALTER TABLE inspections ADD COLUMN round INTEGER NOT NULL DEFAULT 1;
ALTER TABLE inspections ADD COLUMN by_scan BOOLEAN NOT NULL DEFAULT FALSE;                                        -- grade and disposition were scanned
DROP INDEX inspections_live;
CREATE UNIQUE INDEX inspections_live ON inspections (unit_id) WHERE undone_at IS NULL AND closed_at IS NULL;
CREATE INDEX inspections_by ON inspections (by_user, at);
CREATE TABLE second_look_states (code TEXT PRIMARY KEY);
INSERT INTO second_look_states (code) VALUES ('due'), ('agreed'), ('differs'), ('void'), ('kept'), ('changed'), ('waived');
CREATE TABLE second_looks (                           -- inspections that somebody else makes again without seeing the first
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    inspection_id BIGINT NOT NULL UNIQUE REFERENCES inspections (id),
    unit_id BIGINT NOT NULL REFERENCES units (id),
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    first_by BIGINT NOT NULL REFERENCES users (id),
    state TEXT NOT NULL REFERENCES second_look_states (code),
    drawn_at DATETIME NOT NULL,
    grade TEXT REFERENCES grades (code),
    checks TEXT NOT NULL DEFAULT '{}',
    note TEXT NOT NULL DEFAULT '',
    by_user BIGINT REFERENCES users (id),
    at DATETIME,
    settled_by BIGINT REFERENCES users (id),
    settled_at DATETIME,
    settle_reason TEXT NOT NULL DEFAULT '',
    CHECK (by_user IS NULL OR by_user <> first_by)
);
CREATE INDEX second_looks_due ON second_looks (warehouse_id, drawn_at) WHERE state IN ('due', 'differs');
CREATE INDEX second_looks_unit ON second_looks (unit_id);
CREATE INDEX second_looks_first ON second_looks (first_by);
CREATE TABLE block_reasons (code TEXT PRIMARY KEY);
INSERT INTO block_reasons (code) VALUES ('recalled'), ('expired'), ('disputed'), ('other');
CREATE TABLE recalls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    batch TEXT NOT NULL DEFAULT '',                   -- empty: every batch
    note TEXT NOT NULL,
    by_user BIGINT NOT NULL REFERENCES users (id),
    at DATETIME NOT NULL,
    ended_by BIGINT REFERENCES users (id),
    ended_at DATETIME
);
CREATE UNIQUE INDEX recalls_live ON recalls (sku_id, batch) WHERE ended_at IS NULL;
CREATE TABLE blocks (                                 -- why a piece is frozen, and who thawed it
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit_id BIGINT NOT NULL REFERENCES units (id),
    reason TEXT NOT NULL REFERENCES block_reasons (code),
    note TEXT NOT NULL DEFAULT '',
    recall_id BIGINT REFERENCES recalls (id),
    by_user BIGINT REFERENCES users (id),
    at DATETIME NOT NULL,
    lifted_by BIGINT REFERENCES users (id),
    lifted_at DATETIME,
    lift_reason TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX blocks_live ON blocks (unit_id) WHERE lifted_at IS NULL;
CREATE TABLE hand_overs (                             -- a piece leaves for a vendor or a customer
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit_id BIGINT NOT NULL UNIQUE REFERENCES units (id),
    receiver TEXT NOT NULL CHECK (receiver IN ('vendor', 'customer')),
    carrier TEXT NOT NULL DEFAULT '',
    waybill TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    by_user BIGINT NOT NULL REFERENCES users (id),
    at DATETIME NOT NULL
);
CREATE TABLE age_alarms (                             -- a piece that has waited too long, once per stay and threshold
    unit_id BIGINT NOT NULL REFERENCES units (id),
    hours INTEGER NOT NULL,
    since DATETIME NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (unit_id, hours, since)
);

-- +goose Down
DROP TABLE age_alarms;
DROP TABLE hand_overs;
DROP TABLE blocks;
DROP TABLE recalls;
DROP TABLE block_reasons;
DROP TABLE second_looks;
DROP TABLE second_look_states;
DROP INDEX inspections_by;
DROP INDEX inspections_live;
ALTER TABLE inspections DROP COLUMN by_scan;
ALTER TABLE inspections DROP COLUMN round;
ALTER TABLE inspections DROP COLUMN closed_at;
CREATE UNIQUE INDEX inspections_live ON inspections (unit_id) WHERE undone_at IS NULL;
ALTER TABLE policies DROP COLUMN second_look_first;
ALTER TABLE policies DROP COLUMN second_look_percent;
ALTER TABLE policies DROP COLUMN min_life_days;
