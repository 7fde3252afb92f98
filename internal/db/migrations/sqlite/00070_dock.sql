-- +goose Up
-- The dock: what one driver hands over at a time, and which parcels came in that way.
CREATE TABLE handover_states (code TEXT PRIMARY KEY);
INSERT INTO handover_states (code) VALUES ('open'), ('closed');
CREATE TABLE handovers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    bench_id BIGINT NOT NULL REFERENCES benches (id),
    carrier TEXT NOT NULL DEFAULT '',                 -- '' until somebody says it or a waybill tells it
    said BOOLEAN NOT NULL DEFAULT FALSE,              -- a person said the carrier; a waybill only suggests it
    state TEXT NOT NULL REFERENCES handover_states (code),
    parcels INTEGER NOT NULL DEFAULT 0 CHECK (parcels >= 0), -- what clerk and driver agree on
    opened_at DATETIME NOT NULL,
    opened_by BIGINT REFERENCES users (id),
    closed_at DATETIME,
    closed_by BIGINT REFERENCES users (id),
    version BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX handovers_open ON handovers (bench_id) WHERE state = 'open';
CREATE INDEX handovers_opened ON handovers (warehouse_id, opened_at);
CREATE TABLE dock_reasons (code TEXT PRIMARY KEY);
INSERT INTO dock_reasons (code) VALUES ('damaged'), ('opened'), ('not_ours'), ('collect'), ('misdelivered'), ('other');
CREATE TABLE dockings (                               -- how a parcel came in at the dock; one per parcel
    parcel_id BIGINT PRIMARY KEY REFERENCES parcels (id),
    handover_id BIGINT NOT NULL REFERENCES handovers (id),
    bench_id BIGINT NOT NULL REFERENCES benches (id),
    at DATETIME NOT NULL,
    by_user BIGINT REFERENCES users (id),
    counted BOOLEAN NOT NULL DEFAULT TRUE,            -- stands in the count of its hand-over
    undone_at DATETIME,                                   -- the scan was taken back
    collect_minor BIGINT NOT NULL DEFAULT 0 CHECK (collect_minor >= 0), -- freight paid to the driver
    collect_currency TEXT NOT NULL DEFAULT 'CNY',
    damaged BOOLEAN NOT NULL DEFAULT FALSE,           -- the box, as the dock saw it
    turned_at DATETIME,                                   -- refused or handed back
    turned_by BIGINT REFERENCES users (id),
    reason TEXT REFERENCES dock_reasons (code)
);
CREATE INDEX dockings_handover ON dockings (handover_id);
-- Boxes of one consignment: they bear one number and a package part, or numbers of their own under a parent's.
CREATE TABLE parcel_parts (
    parcel_id BIGINT PRIMARY KEY REFERENCES parcels (id),
    part INTEGER NOT NULL CHECK (part > 0),
    parts INTEGER NOT NULL CHECK (parts >= part)
);
CREATE TABLE waybill_parents (
    child TEXT PRIMARY KEY,
    parent TEXT NOT NULL,
    carrier TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL,
    CHECK (child <> parent)
);
CREATE INDEX waybill_parents_parent ON waybill_parents (parent);

-- +goose Down
DROP TABLE waybill_parents;
DROP TABLE parcel_parts;
DROP TABLE dockings;
DROP TABLE dock_reasons;
DROP TABLE handovers;
DROP TABLE handover_states;
