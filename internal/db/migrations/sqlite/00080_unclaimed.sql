-- +goose Up
-- How a parcel of unknown owner ends. It is a state of the parcel: no case can claim what is no longer here.
INSERT INTO parcel_states (code) VALUES ('sold_as_found'), ('disposed');
CREATE TABLE unclaimed_endings (code TEXT PRIMARY KEY);
INSERT INTO unclaimed_endings (code) VALUES ('handed_back'), ('sold_as_found'), ('disposed');
-- What a warehouse allows. One without a row takes 3 days, 30 days and 50000.
CREATE TABLE unclaimed_policies (
    warehouse_id BIGINT PRIMARY KEY REFERENCES warehouses (id),
    alarm_after_days INTEGER NOT NULL CHECK (alarm_after_days > 0),  -- then a task
    end_after_days INTEGER NOT NULL CHECK (end_after_days > 0),      -- before that nothing is sold or disposed of
    value_limit_minor BIGINT NOT NULL CHECK (value_limit_minor >= 0) -- above it the second person is a manager
);
-- What people have read from the label or found inside, and whom they have asked.
CREATE TABLE unclaimed_notes (
    parcel_id BIGINT PRIMARY KEY REFERENCES parcels (id),
    slip TEXT NOT NULL DEFAULT '',       -- order or case number on a paper inside
    tail_idx TEXT NOT NULL DEFAULT '',   -- blind index of the phone's last four digits, where the label shows them
    origin TEXT NOT NULL DEFAULT '',     -- sender's place as on the label
    asked_owner BIGINT REFERENCES owners (id),
    asked_at DATETIME,
    asked_by BIGINT REFERENCES users (id),
    asked_note TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 1
);
-- A wish to end it, by one person, and its confirmation by another.
CREATE TABLE unclaimed_ends (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parcel_id BIGINT NOT NULL REFERENCES parcels (id),
    ending TEXT NOT NULL REFERENCES unclaimed_endings (code),
    reason TEXT NOT NULL,
    value_minor BIGINT NOT NULL,         -- of its pieces, by catalogue
    requested_by BIGINT NOT NULL REFERENCES users (id),
    requested_at DATETIME NOT NULL,
    confirmed_by BIGINT REFERENCES users (id),
    confirmed_at DATETIME,
    withdrawn_by BIGINT REFERENCES users (id),
    withdrawn_at DATETIME,
    CHECK (confirmed_by IS NULL OR confirmed_by <> requested_by),
    CHECK (confirmed_at IS NULL OR withdrawn_at IS NULL)
);
CREATE UNIQUE INDEX unclaimed_ends_live ON unclaimed_ends (parcel_id) WHERE withdrawn_at IS NULL;
-- Goods that were here before their case: which case took how many out of which parcel.
CREATE TABLE adoptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parcel_id BIGINT NOT NULL REFERENCES parcels (id),
    case_id BIGINT NOT NULL REFERENCES cases (id),
    receipt_id BIGINT NOT NULL REFERENCES receipts (id),
    pieces INTEGER NOT NULL CHECK (pieces > 0),
    at DATETIME NOT NULL,
    UNIQUE (parcel_id, case_id)
);
CREATE INDEX adoptions_case ON adoptions (case_id);
-- Blind index of the last four digits of the buyer's phone: what a label shows of it.
ALTER TABLE orders ADD COLUMN buyer_tail_idx TEXT NOT NULL DEFAULT '';
CREATE INDEX orders_tail ON orders (buyer_tail_idx, id) WHERE buyer_tail_idx <> '';
-- The search for an owner asks for the newest few of each SKU.
CREATE INDEX case_lines_waiting ON case_lines (sku_id, id) WHERE received < quantity;
CREATE INDEX order_lines_sku ON order_lines (sku_id, id);
CREATE INDEX order_lines_shipped_sku ON order_lines (shipped_sku_id, id) WHERE shipped_sku_id IS NOT NULL;
CREATE INDEX receipts_advance ON receipts (created_at) WHERE advance;

-- +goose Down
DROP INDEX receipts_advance;
DROP INDEX order_lines_shipped_sku;
DROP INDEX order_lines_sku;
DROP INDEX case_lines_waiting;
DROP INDEX orders_tail;
ALTER TABLE orders DROP COLUMN buyer_tail_idx;
DROP TABLE adoptions;
DROP TABLE unclaimed_ends;
DROP TABLE unclaimed_notes;
DROP TABLE unclaimed_policies;
DROP TABLE unclaimed_endings;
DELETE FROM parcel_states WHERE code IN ('sold_as_found', 'disposed');
