-- +goose Up
-- What a camera saw of a parcel. A file is named by the SHA-256 of its content and may be the evidence of several things.
CREATE TABLE evidence_kinds (code TEXT PRIMARY KEY, keep_days INTEGER NOT NULL CHECK (keep_days > 0)); -- where an owner has no rule of its own
INSERT INTO evidence_kinds (code, keep_days) VALUES ('photo', 365), ('video', 90), ('damage', 730), ('empty_box', 730), ('qc', 730);
CREATE TABLE evidence_blob_states (code TEXT PRIMARY KEY);
INSERT INTO evidence_blob_states (code) VALUES ('stored'), ('doomed');
CREATE TABLE evidence_upload_states (code TEXT PRIMARY KEY);
INSERT INTO evidence_upload_states (code) VALUES ('open'), ('storing'), ('done');

CREATE TABLE evidence_blobs (
    hash TEXT PRIMARY KEY CHECK (LENGTH(hash) = 64),
    size BIGINT NOT NULL CHECK (size > 0),
    type TEXT NOT NULL,                               -- by its content: image/jpeg …
    state TEXT NOT NULL DEFAULT 'stored' REFERENCES evidence_blob_states (code), -- doomed: nothing refers to it, its file is being removed
    stored_at DATETIME NOT NULL,
    lease_until DATETIME                                -- of the process that is removing it
);
CREATE INDEX evidence_blobs_doomed ON evidence_blobs (hash) WHERE state = 'doomed';
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL REFERENCES evidence_kinds (code),
    hash TEXT NOT NULL,                               -- stays when the file is purged: what there was can still be told
    size BIGINT NOT NULL,
    type TEXT NOT NULL,
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    parcel_id BIGINT REFERENCES parcels (id),         -- NULL while its scan has not arrived
    unit_id BIGINT REFERENCES units (id),
    case_id BIGINT REFERENCES cases (id),
    bench_id BIGINT REFERENCES benches (id),
    station_id BIGINT REFERENCES stations (id),
    producer TEXT NOT NULL DEFAULT '',                -- the scan it was taken for; of a video the one that opened the parcel
    seq BIGINT NOT NULL DEFAULT 0,
    captured_at DATETIME NOT NULL,                    -- by the station's clock; of a video its first picture
    duration_ms BIGINT NOT NULL DEFAULT 0 CHECK (duration_ms >= 0),
    offset_ms BIGINT NOT NULL DEFAULT 0,              -- server clock minus station clock
    by_user BIGINT REFERENCES users (id),
    added_at DATETIME NOT NULL,
    purged_at DATETIME
);
CREATE INDEX evidence_parcel ON evidence (parcel_id);
CREATE INDEX evidence_unit ON evidence (unit_id);
CREATE INDEX evidence_case ON evidence (case_id);
CREATE INDEX evidence_hash ON evidence (hash);
CREATE INDEX evidence_kept ON evidence (kind, added_at) WHERE purged_at IS NULL;
CREATE INDEX evidence_loose ON evidence (added_at) WHERE parcel_id IS NULL AND producer <> '';
CREATE UNIQUE INDEX evidence_once ON evidence (producer, seq, kind, hash) WHERE producer <> '';

-- Uploads under way (tus): parts are files of their own, so that any server of a database can take the next one.
CREATE TABLE evidence_uploads (
    id TEXT PRIMARY KEY,                              -- random; the address of the upload
    principal TEXT NOT NULL,                          -- user/1, station/1: nobody else sees it
    kind TEXT NOT NULL REFERENCES evidence_kinds (code),
    length BIGINT NOT NULL CHECK (length > 0),
    received BIGINT NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND length),
    metadata TEXT NOT NULL DEFAULT '',                -- as the client sent it
    facts TEXT NOT NULL,                              -- what the evidence will say, JSON
    state TEXT NOT NULL DEFAULT 'open' REFERENCES evidence_upload_states (code),
    hash TEXT NOT NULL DEFAULT '',                    -- from storing on: keeps the file from being removed
    evidence_id BIGINT REFERENCES evidence (id),
    created_at DATETIME NOT NULL,
    touched_at DATETIME NOT NULL
);
CREATE INDEX evidence_uploads_principal ON evidence_uploads (principal, state);
CREATE INDEX evidence_uploads_touched ON evidence_uploads (touched_at);
CREATE INDEX evidence_uploads_hash ON evidence_uploads (hash) WHERE state = 'storing';
CREATE TABLE evidence_parts (
    upload_id TEXT NOT NULL REFERENCES evidence_uploads (id),
    start BIGINT NOT NULL,
    size BIGINT NOT NULL CHECK (size > 0),
    key TEXT NOT NULL UNIQUE,
    PRIMARY KEY (upload_id, start)
);

-- How long, and who may stop the clock.
CREATE TABLE evidence_retention (
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    kind TEXT NOT NULL REFERENCES evidence_kinds (code),
    keep_days INTEGER NOT NULL CHECK (keep_days > 0),
    PRIMARY KEY (owner_id, kind)
);
CREATE TABLE evidence_rules (
    owner_id INTEGER PRIMARY KEY REFERENCES owners (id),
    empty_photo BOOLEAN NOT NULL DEFAULT TRUE         -- a box closed as empty wants a photo, or somebody is asked for it
);
CREATE TABLE evidence_holds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parcel_id BIGINT REFERENCES parcels (id),
    case_id BIGINT REFERENCES cases (id),
    reason TEXT NOT NULL,
    by_user BIGINT NOT NULL REFERENCES users (id),
    at DATETIME NOT NULL,
    released_at DATETIME,
    released_by BIGINT REFERENCES users (id),
    release_reason TEXT NOT NULL DEFAULT '',
    CHECK ((parcel_id IS NULL) <> (case_id IS NULL))
);
CREATE INDEX evidence_holds_parcel ON evidence_holds (parcel_id);
CREATE INDEX evidence_holds_case ON evidence_holds (case_id);

-- +goose Down
DROP TABLE evidence_holds;
DROP TABLE evidence_rules;
DROP TABLE evidence_retention;
DROP TABLE evidence_parts;
DROP TABLE evidence_uploads;
DROP TABLE evidence;
DROP TABLE evidence_blobs;
DROP TABLE evidence_upload_states;
DROP TABLE evidence_blob_states;
DROP TABLE evidence_kinds;
