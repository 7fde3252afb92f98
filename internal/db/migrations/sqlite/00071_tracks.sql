-- +goose Up
-- What carriers say of a waybill. Checkpoints only add up; waybill_tracks is what all of them together mean, whatever order they came in.
CREATE TABLE checkpoint_codes (code TEXT PRIMARY KEY);
INSERT INTO checkpoint_codes (code) VALUES ('picked_up'), ('in_transit'), ('out_for_delivery'), ('exception'), ('delivered'), ('refused'), ('returned');
CREATE TABLE checkpoints (
    carrier TEXT NOT NULL,
    waybill TEXT NOT NULL,
    code TEXT NOT NULL REFERENCES checkpoint_codes (code),
    at DATETIME NOT NULL,
    place TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL,
    received_at DATETIME NOT NULL,
    PRIMARY KEY (waybill, carrier, code, at)
);
CREATE TABLE waybill_tracks (
    waybill TEXT NOT NULL,
    carrier TEXT NOT NULL,
    code TEXT NOT NULL REFERENCES checkpoint_codes (code),
    at DATETIME NOT NULL,
    signed_at DATETIME,                                   -- NULL: not signed for, or no longer
    version BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (waybill, carrier)
);
CREATE INDEX waybill_tracks_signed ON waybill_tracks (signed_at) WHERE signed_at IS NOT NULL;
-- Signed for by the warehouse and not scanned at its dock.
CREATE TABLE unscanned (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    waybill TEXT NOT NULL,
    carrier TEXT NOT NULL,
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    case_id BIGINT REFERENCES cases (id),
    value_minor BIGINT NOT NULL DEFAULT 0,
    currency TEXT NOT NULL DEFAULT 'CNY',
    signed_at DATETIME NOT NULL,
    raised_at DATETIME NOT NULL,
    resolved_at DATETIME,
    how TEXT NOT NULL DEFAULT '' CHECK (how IN ('', 'scanned', 'withdrawn')),
    UNIQUE (waybill, carrier)                         -- once per parcel
);
CREATE INDEX unscanned_open ON unscanned (warehouse_id, signed_at) WHERE resolved_at IS NULL;
CREATE TABLE dock_policies (
    warehouse_id BIGINT PRIMARY KEY REFERENCES warehouses (id),
    unscanned_hours INTEGER NOT NULL DEFAULT 12 CHECK (unscanned_hours BETWEEN 1 AND 720),
    opens_min INTEGER NOT NULL DEFAULT 0 CHECK (opens_min BETWEEN 0 AND 1439),      -- minutes after the warehouse's midnight in which the dock works:
    closes_min INTEGER NOT NULL DEFAULT 1440 CHECK (closes_min BETWEEN 1 AND 1440), -- only those count towards unscanned_hours
    CHECK (opens_min < closes_min)
);

-- +goose Down
DROP TABLE dock_policies;
DROP TABLE unscanned;
DROP TABLE waybill_tracks;
DROP TABLE checkpoints;
DROP TABLE checkpoint_codes;
