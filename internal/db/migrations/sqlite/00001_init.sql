-- +goose Up
-- Look-up tables: a new state is an insert, not a rebuilt table.
CREATE TABLE order_states (code TEXT PRIMARY KEY);
INSERT INTO order_states (code) VALUES ('paid'), ('picking'), ('shipped'), ('delivered'), ('completed'), ('cancelled'), ('exception');
CREATE TABLE shipment_states (code TEXT PRIMARY KEY);
INSERT INTO shipment_states (code) VALUES ('created'), ('in_transit'), ('delivered'), ('refused'), ('intercept_requested'), ('intercepted'), ('undeliverable'), ('returned'), ('lost');
CREATE TABLE alias_roles (code TEXT PRIMARY KEY);
INSERT INTO alias_roles (code) VALUES ('outbound'), ('return'), ('platform');
CREATE TABLE case_types (code TEXT PRIMARY KEY);
INSERT INTO case_types (code) VALUES ('refund_only'), ('return_refund'), ('exchange'), ('reship'), ('repair'), ('price_protection');
CREATE TABLE case_reasons (code TEXT PRIMARY KEY);
INSERT INTO case_reasons (code) VALUES ('wrong_item'), ('wrong_spec'), ('missing_item'), ('quality'), ('damaged_in_transit'), ('spoiled'), ('not_as_described'), ('size_fit'), ('changed_mind'), ('counterfeit'), ('lost'), ('delayed'), ('customs_delay'), ('other');
CREATE TABLE case_decisions (code TEXT PRIMARY KEY);
INSERT INTO case_decisions (code) VALUES ('submitted'), ('approved'), ('rejected'), ('withdrawn'), ('expired'), ('platform_decided'), ('disputed'), ('settled');
CREATE TABLE case_goods (code TEXT PRIMARY KEY);
INSERT INTO case_goods (code) VALUES ('not_needed'), ('awaited'), ('in_transit'), ('at_dock'), ('part_received'), ('received'), ('inspected'), ('waived'), ('written_off');
CREATE TABLE case_judgements (code TEXT PRIMARY KEY);
INSERT INTO case_judgements (code) VALUES ('none'), ('pending'), ('passed'), ('partly'), ('failed');
CREATE TABLE case_moneys (code TEXT PRIMARY KEY);
INSERT INTO case_moneys (code) VALUES ('none'), ('due'), ('sending'), ('partly_returned'), ('returned'), ('returned_elsewhere'), ('refused'), ('to_recover'), ('recovered');
CREATE TABLE parcel_kinds (code TEXT PRIMARY KEY);
INSERT INTO parcel_kinds (code) VALUES ('customer_return'), ('refused'), ('intercepted'), ('undeliverable'), ('unknown');
CREATE TABLE parcel_states (code TEXT PRIMARY KEY);
INSERT INTO parcel_states (code) VALUES ('expected'), ('at_dock'), ('open'), ('held'), ('closed'), ('refused_at_dock'), ('handed_back');
CREATE TABLE findings (code TEXT PRIMARY KEY);
INSERT INTO findings (code) VALUES ('match'), ('over'), ('extra'), ('undeclared'), ('wrong_spec'), ('wrong_item'), ('serial_mismatch'), ('counterfeit'), ('other_seller'), ('unknown_item'), ('junk'), ('empty_box'), ('accessory_missing'), ('damaged'), ('short'), ('unclaimed');
CREATE TABLE unit_states (code TEXT PRIMARY KEY);
INSERT INTO unit_states (code) VALUES ('quarantine'), ('inspected'), ('available'), ('second_grade'), ('repair'), ('outbound'), ('custody'), ('scrapped'), ('blocked'), ('shipped'), ('undone');
CREATE TABLE accounts (code TEXT PRIMARY KEY);
INSERT INTO accounts (code) VALUES ('quarantine'), ('custody'), ('blocked'), ('available'), ('second_grade'), ('repair'), ('outbound'), ('customer'), ('vendor'), ('scrap'), ('adjustment');
CREATE TABLE grades (code TEXT PRIMARY KEY);
INSERT INTO grades (code) VALUES ('A'), ('B'), ('C'), ('D');
CREATE TABLE dispositions (code TEXT PRIMARY KEY);
INSERT INTO dispositions (code) VALUES ('restock'), ('restock_b'), ('repair'), ('return_to_vendor'), ('return_to_customer'), ('scrap'), ('donate');
CREATE TABLE refund_states (code TEXT PRIMARY KEY);
INSERT INTO refund_states (code) VALUES ('requested'), ('authorized'), ('sending'), ('unknown'), ('accepted'), ('succeeded'), ('held'), ('failed'), ('closed'), ('paid_by_hand'), ('cancelled');
CREATE TABLE refund_origins (code TEXT PRIMARY KEY);
INSERT INTO refund_origins (code) VALUES ('ours'), ('platform'), ('seller_backend'), ('manual');
CREATE TABLE refund_triggers (code TEXT PRIMARY KEY);
INSERT INTO refund_triggers (code) VALUES ('approval'), ('receipt_closed'), ('qc_passed');
CREATE TABLE roles (code TEXT PRIMARY KEY);
INSERT INTO roles (code) VALUES ('dock'), ('clerk'), ('inspector'), ('putaway'), ('service'), ('claims'), ('finance'), ('manager'), ('merchant'), ('admin');
CREATE TABLE bench_kinds (code TEXT PRIMARY KEY);
INSERT INTO bench_kinds (code) VALUES ('receiving'), ('dock'), ('qc'), ('putaway');
CREATE TABLE task_states (code TEXT PRIMARY KEY);
INSERT INTO task_states (code) VALUES ('open'), ('done');

-- Who and where.
CREATE TABLE owners (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_en TEXT NOT NULL DEFAULT ''
);
CREATE TABLE warehouses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_en TEXT NOT NULL DEFAULT '',
    time_zone TEXT NOT NULL,
    target_per_hour INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE shops (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    channel TEXT NOT NULL,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_en TEXT NOT NULL DEFAULT '',
    time_zone TEXT NOT NULL
);
CREATE TABLE policies (
    owner_id INTEGER PRIMARY KEY REFERENCES owners (id),
    refund_trigger TEXT NOT NULL REFERENCES refund_triggers (code),
    auto_limit_minor BIGINT NOT NULL DEFAULT 0,       -- refunds up to this go out without a person
    self_release_limit_minor BIGINT NOT NULL DEFAULT 0, -- who received may release up to this value
    scrap_limit_minor BIGINT NOT NULL DEFAULT 0,      -- scrap above this needs a manager
    jurisdiction TEXT NOT NULL DEFAULT 'CN'
);

-- Catalogue.
CREATE TABLE skus (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    code TEXT NOT NULL,
    product TEXT NOT NULL,                -- groups the specs of one product
    name TEXT NOT NULL,
    name_en TEXT NOT NULL DEFAULT '',
    spec TEXT NOT NULL DEFAULT '',
    spec_en TEXT NOT NULL DEFAULT '',
    color TEXT NOT NULL DEFAULT '',       -- swatch on screens, #rrggbb
    category TEXT NOT NULL DEFAULT 'general',
    serial_tracked BOOLEAN NOT NULL DEFAULT FALSE,
    placeholder BOOLEAN NOT NULL DEFAULT FALSE, -- stands for one piece nobody could name
    value_minor BIGINT NOT NULL DEFAULT 0,
    currency TEXT NOT NULL DEFAULT 'CNY',
    weight_g INTEGER NOT NULL DEFAULT 0,
    UNIQUE (owner_id, code)
);
CREATE TABLE sku_codes (
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    code TEXT NOT NULL,                   -- GTINs in 14 digits, own codes as they are
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    kind TEXT NOT NULL,                   -- gtin, own, carton
    PRIMARY KEY (owner_id, code)
);
CREATE INDEX sku_codes_code ON sku_codes (code);
CREATE INDEX sku_codes_sku ON sku_codes (sku_id);

-- Orders.
CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    shop_id BIGINT NOT NULL REFERENCES shops (id),
    number TEXT NOT NULL,
    state TEXT NOT NULL REFERENCES order_states (code),
    return_in_progress BOOLEAN NOT NULL DEFAULT FALSE,
    refund_overlay TEXT NOT NULL DEFAULT '' CHECK (refund_overlay IN ('', 'partially_refunded', 'refunded')),
    currency TEXT NOT NULL,
    placed_at DATETIME NOT NULL,
    buyer_key_id TEXT NOT NULL DEFAULT '',
    buyer_name_enc BLOB,
    buyer_phone_enc BLOB,
    buyer_address_enc BLOB,
    buyer_name_idx TEXT NOT NULL DEFAULT '',
    buyer_phone_idx TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 1,
    UNIQUE (shop_id, number)
);
CREATE INDEX orders_number ON orders (number);
CREATE INDEX orders_phone ON orders (buyer_phone_idx);
CREATE TABLE order_lines (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    line_no INTEGER NOT NULL,
    kind TEXT NOT NULL DEFAULT 'goods' CHECK (kind IN ('goods', 'freight', 'gift')),
    sku_id BIGINT REFERENCES skus (id),
    shipped_sku_id BIGINT REFERENCES skus (id),   -- what went out, where it differs from what was ordered
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    price_minor BIGINT NOT NULL,
    discount_shop_minor BIGINT NOT NULL DEFAULT 0,
    discount_platform_minor BIGINT NOT NULL DEFAULT 0,
    discount_points_minor BIGINT NOT NULL DEFAULT 0,
    paid_minor BIGINT NOT NULL CHECK (paid_minor >= 0),   -- the whole line, after all discounts
    approved_quantity INTEGER NOT NULL DEFAULT 0,
    approved_minor BIGINT NOT NULL DEFAULT 0,
    reserved_quantity INTEGER NOT NULL DEFAULT 0,         -- refunds requested or in flight
    reserved_minor BIGINT NOT NULL DEFAULT 0,
    refunded_quantity INTEGER NOT NULL DEFAULT 0,         -- refunds succeeded
    refunded_minor BIGINT NOT NULL DEFAULT 0,
    UNIQUE (order_id, line_no),
    CHECK (approved_quantity BETWEEN 0 AND quantity),
    CHECK (approved_minor BETWEEN 0 AND paid_minor),
    CHECK (reserved_quantity >= 0 AND refunded_quantity >= 0 AND reserved_quantity + refunded_quantity <= approved_quantity),
    CHECK (reserved_minor >= 0 AND refunded_minor >= 0 AND reserved_minor + refunded_minor <= approved_minor)
);
CREATE TABLE line_serials (
    order_line_id BIGINT NOT NULL REFERENCES order_lines (id),
    serial TEXT NOT NULL,
    PRIMARY KEY (order_line_id, serial)
);
CREATE INDEX line_serials_serial ON line_serials (serial);
CREATE TABLE payments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    gateway TEXT NOT NULL,
    account TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL DEFAULT '',
    currency TEXT NOT NULL,
    captured_minor BIGINT NOT NULL CHECK (captured_minor >= 0),
    reserved_minor BIGINT NOT NULL DEFAULT 0 CHECK (reserved_minor >= 0),
    refunded_minor BIGINT NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),   -- ours only
    elsewhere_minor BIGINT NOT NULL DEFAULT 0 CHECK (elsewhere_minor >= 0), -- observed, other origin; may pass captured
    last_sent_at DATETIME,
    UNIQUE (gateway, account, transaction_id),
    CHECK (reserved_minor + refunded_minor <= captured_minor)
);
CREATE TABLE order_payments (
    order_id BIGINT NOT NULL REFERENCES orders (id),
    payment_id BIGINT NOT NULL REFERENCES payments (id),
    amount_minor BIGINT NOT NULL CHECK (amount_minor >= 0),
    PRIMARY KEY (order_id, payment_id)
);
CREATE INDEX order_payments_payment ON order_payments (payment_id);
CREATE TABLE shipments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    carrier TEXT NOT NULL,
    waybill TEXT NOT NULL,
    state TEXT NOT NULL REFERENCES shipment_states (code),
    packed_weight_g INTEGER NOT NULL DEFAULT 0,
    shipped_at DATETIME,
    delivered_at DATETIME
);
CREATE INDEX shipments_waybill ON shipments (waybill);
CREATE TABLE shipment_lines (
    shipment_id BIGINT NOT NULL REFERENCES shipments (id),
    order_id BIGINT NOT NULL REFERENCES orders (id),
    order_line_id BIGINT NOT NULL REFERENCES order_lines (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, order_line_id)
);
CREATE INDEX shipment_lines_order ON shipment_lines (order_id);

-- After-sales.
CREATE TABLE cases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    shop_id BIGINT NOT NULL REFERENCES shops (id),
    warehouse_id BIGINT REFERENCES warehouses (id),  -- where the goods are asked to go
    number TEXT NOT NULL,
    order_id BIGINT REFERENCES orders (id),          -- NULL until its order is known
    order_number TEXT NOT NULL DEFAULT '',
    type TEXT NOT NULL REFERENCES case_types (code),
    reason TEXT NOT NULL REFERENCES case_reasons (code),
    buyer_words TEXT NOT NULL DEFAULT '',
    decision TEXT NOT NULL REFERENCES case_decisions (code),
    goods TEXT NOT NULL REFERENCES case_goods (code),
    judgement TEXT NOT NULL REFERENCES case_judgements (code),
    money TEXT NOT NULL REFERENCES case_moneys (code),
    requested_minor BIGINT NOT NULL DEFAULT 0,
    approved_minor BIGINT NOT NULL DEFAULT 0,
    currency TEXT NOT NULL DEFAULT 'CNY',
    submitted_at DATETIME NOT NULL,
    decided_at DATETIME,
    deadline_at DATETIME,                               -- the platform's
    version BIGINT NOT NULL DEFAULT 1,
    UNIQUE (shop_id, number)
);
CREATE INDEX cases_number ON cases (number);
CREATE INDEX cases_order ON cases (order_id);
CREATE INDEX cases_order_number ON cases (order_number) WHERE order_id IS NULL;
CREATE TABLE case_lines (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id BIGINT NOT NULL REFERENCES cases (id),
    order_line_id BIGINT REFERENCES order_lines (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    received INTEGER NOT NULL DEFAULT 0,
    requested_minor BIGINT NOT NULL DEFAULT 0,
    approved_minor BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX case_lines_case ON case_lines (case_id);
CREATE INDEX case_lines_sku ON case_lines (sku_id);
CREATE INDEX case_lines_order_line ON case_lines (order_line_id);

-- Stations.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE,
    display TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    badge_hash TEXT UNIQUE,               -- HMAC of the random badge; NULL when revoked
    lang TEXT NOT NULL DEFAULT 'zh' CHECK (lang IN ('zh', 'en')),
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    created_at DATETIME NOT NULL
);
CREATE TABLE grants (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL REFERENCES roles (code),
    warehouse_id BIGINT REFERENCES warehouses (id), -- NULL: every warehouse
    owner_id BIGINT REFERENCES owners (id),         -- NULL: every owner
    shop_id BIGINT REFERENCES shops (id)            -- NULL: every shop
);
CREATE INDEX grants_user ON grants (user_id);
CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    csrf TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    seen_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE TABLE benches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL REFERENCES bench_kinds (code),
    operator_id BIGINT REFERENCES users (id),
    open_parcel_id BIGINT,
    pending TEXT NOT NULL DEFAULT '{}',   -- what the next scan may settle: over, choices, insist
    day TEXT NOT NULL DEFAULT '',         -- warehouse day of the counters, YYYY-MM-DD
    day_parcels INTEGER NOT NULL DEFAULT 0,
    day_pieces INTEGER NOT NULL DEFAULT 0,
    last_scan_at DATETIME,
    version BIGINT NOT NULL DEFAULT 1,
    UNIQUE (warehouse_id, number)
);
CREATE TABLE stations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    bench_id BIGINT NOT NULL REFERENCES benches (id),
    token_hash TEXT UNIQUE,
    hostname TEXT NOT NULL DEFAULT '',
    agent TEXT NOT NULL DEFAULT '',
    devices TEXT NOT NULL DEFAULT '[]',
    created_at DATETIME NOT NULL,
    enrolled_at DATETIME,
    seen_at DATETIME,
    online BOOLEAN NOT NULL DEFAULT FALSE,
    revoked_at DATETIME
);
CREATE INDEX stations_bench ON stations (bench_id);
CREATE TABLE enrolments (
    code_hash TEXT PRIMARY KEY,
    station_id BIGINT NOT NULL REFERENCES stations (id),
    expires_at DATETIME NOT NULL,
    used_at DATETIME
);
CREATE TABLE producers (
    id TEXT PRIMARY KEY,
    station_id BIGINT NOT NULL REFERENCES stations (id),
    bench_id BIGINT NOT NULL REFERENCES benches (id),
    last_seq BIGINT NOT NULL DEFAULT 0,
    last_data TEXT NOT NULL DEFAULT '',   -- for the double-read window across batches
    last_device TEXT NOT NULL DEFAULT '',
    last_mono_us BIGINT NOT NULL DEFAULT 0,
    created_at DATETIME NOT NULL
);
CREATE INDEX producers_station ON producers (station_id);
CREATE TABLE plate_counter (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    next BIGINT NOT NULL
);
INSERT INTO plate_counter (id, next) VALUES (1, 1);
CREATE TABLE plate_leases (
    first INTEGER PRIMARY KEY,
    count INTEGER NOT NULL CHECK (count > 0),
    station_id BIGINT REFERENCES stations (id),
    bench_id BIGINT REFERENCES benches (id),
    leased_at DATETIME NOT NULL
);

-- Receiving.
CREATE TABLE parcels (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    owner_id BIGINT REFERENCES owners (id),           -- NULL: unknown owner
    kind TEXT NOT NULL REFERENCES parcel_kinds (code),
    state TEXT NOT NULL REFERENCES parcel_states (code),
    carrier TEXT NOT NULL DEFAULT '',
    waybill TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',                    -- case_over, refunded_already, empty_box, or nothing
    bench_id BIGINT REFERENCES benches (id),          -- where it is or was last open
    opened_at DATETIME,
    opened_by BIGINT REFERENCES users (id),
    closed_at DATETIME,
    closed_by BIGINT REFERENCES users (id),
    held_at DATETIME,
    shelf TEXT NOT NULL DEFAULT '',                   -- shelf number in the unknown pile
    expected INTEGER NOT NULL DEFAULT 0,
    received INTEGER NOT NULL DEFAULT 0,              -- towards expected
    pieces INTEGER NOT NULL DEFAULT 0,                -- everything that was taken
    created_at DATETIME NOT NULL,
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX parcels_state ON parcels (warehouse_id, state);
CREATE INDEX parcels_closed ON parcels (warehouse_id, closed_at);
CREATE INDEX parcels_waybill ON parcels (waybill);
CREATE TABLE receipts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parcel_id BIGINT NOT NULL REFERENCES parcels (id),
    case_id BIGINT REFERENCES cases (id),
    order_id BIGINT REFERENCES orders (id),
    advance BOOLEAN NOT NULL DEFAULT FALSE,
    created_at DATETIME NOT NULL
);
CREATE INDEX receipts_parcel ON receipts (parcel_id);
CREATE INDEX receipts_case ON receipts (case_id);
CREATE INDEX receipts_order ON receipts (order_id);
CREATE TABLE receipt_lines (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    receipt_id BIGINT NOT NULL REFERENCES receipts (id),
    parcel_id BIGINT NOT NULL REFERENCES parcels (id),
    case_line_id BIGINT REFERENCES case_lines (id),
    order_line_id BIGINT REFERENCES order_lines (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    expected INTEGER NOT NULL DEFAULT 0,
    received INTEGER NOT NULL DEFAULT 0 CHECK (received >= 0),
    finding TEXT NOT NULL DEFAULT 'match' REFERENCES findings (code)
);
CREATE INDEX receipt_lines_parcel ON receipt_lines (parcel_id);
CREATE INDEX receipt_lines_case_line ON receipt_lines (case_line_id);
CREATE TABLE waybill_aliases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL,                             -- normalised: upper case, no blanks or dashes
    carrier TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL REFERENCES alias_roles (code),
    case_id BIGINT REFERENCES cases (id),
    parcel_id BIGINT REFERENCES parcels (id),
    shipment_id BIGINT REFERENCES shipments (id),
    valid_from DATETIME NOT NULL,
    valid_to DATETIME,
    source TEXT NOT NULL                              -- import, channel, scan, claim
);
CREATE INDEX waybill_aliases_number ON waybill_aliases (number);
CREATE INDEX waybill_aliases_case ON waybill_aliases (case_id);
CREATE INDEX waybill_aliases_parcel ON waybill_aliases (parcel_id);

-- Stock.
CREATE TABLE units (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plate TEXT NOT NULL UNIQUE,
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    state TEXT NOT NULL REFERENCES unit_states (code),
    account TEXT NOT NULL REFERENCES accounts (code),
    finding TEXT NOT NULL REFERENCES findings (code),
    condition TEXT NOT NULL DEFAULT '',
    title TEXT NOT NULL DEFAULT 'ours' CHECK (title IN ('ours', 'buyer', 'unknown')),
    serial TEXT NOT NULL DEFAULT '',
    batch TEXT NOT NULL DEFAULT '',
    expiry TEXT NOT NULL DEFAULT '',                  -- YYYY-MM-DD
    scanned TEXT NOT NULL DEFAULT '',                 -- the code as it was read
    parcel_id BIGINT REFERENCES parcels (id),
    receipt_line_id BIGINT REFERENCES receipt_lines (id),
    case_id BIGINT REFERENCES cases (id),
    case_line_id BIGINT REFERENCES case_lines (id),
    order_line_id BIGINT REFERENCES order_lines (id),
    bench_id BIGINT REFERENCES benches (id),
    received_at DATETIME NOT NULL,
    received_by BIGINT REFERENCES users (id),
    value_minor BIGINT NOT NULL DEFAULT 0,            -- 0 in custody
    currency TEXT NOT NULL DEFAULT 'CNY',
    moved_at DATETIME NOT NULL,
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX units_account ON units (warehouse_id, account, received_at);
CREATE INDEX units_received ON units (warehouse_id, received_at);
CREATE INDEX units_parcel ON units (parcel_id);
CREATE INDEX units_case_line ON units (case_line_id);
CREATE UNIQUE INDEX units_serial ON units (owner_id, sku_id, serial) WHERE serial <> '' AND state NOT IN ('undone', 'shipped', 'scrapped', 'outbound');
CREATE TABLE movements (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    from_account TEXT NOT NULL REFERENCES accounts (code),
    to_account TEXT NOT NULL REFERENCES accounts (code),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_id BIGINT REFERENCES units (id),
    cause TEXT NOT NULL,                              -- scan, undo, inspection, inspection_undo, put_away, adjustment, opening, claim
    cause_ref TEXT NOT NULL,                          -- producer:seq, inspection id, …
    counter_of BIGINT UNIQUE REFERENCES movements (id),
    by_user BIGINT REFERENCES users (id),
    at DATETIME NOT NULL,
    CHECK (from_account <> to_account)
);
CREATE INDEX movements_unit ON movements (unit_id);
CREATE INDEX movements_at ON movements (warehouse_id, at);
CREATE TABLE balances (
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    warehouse_id BIGINT NOT NULL REFERENCES warehouses (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    account TEXT NOT NULL REFERENCES accounts (code),
    quantity BIGINT NOT NULL,
    PRIMARY KEY (owner_id, warehouse_id, sku_id, account),
    CHECK (quantity >= 0 OR account IN ('customer', 'vendor', 'scrap', 'adjustment'))
);
CREATE TABLE inspections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit_id BIGINT NOT NULL REFERENCES units (id),
    grade TEXT NOT NULL REFERENCES grades (code),
    disposition TEXT NOT NULL REFERENCES dispositions (code),
    checks TEXT NOT NULL DEFAULT '{}',
    note TEXT NOT NULL DEFAULT '',
    tote TEXT NOT NULL DEFAULT '',
    override_reason TEXT NOT NULL DEFAULT '',
    by_user BIGINT NOT NULL REFERENCES users (id),
    at DATETIME NOT NULL,
    unit_version BIGINT NOT NULL,
    undone_at DATETIME,
    undone_by BIGINT REFERENCES users (id),
    undo_reason TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX inspections_live ON inspections (unit_id) WHERE undone_at IS NULL;
CREATE INDEX inspections_at ON inspections (at);

-- Scans and their outcomes: one row per (producer, seq), for ever.
CREATE TABLE outcomes (
    producer TEXT NOT NULL REFERENCES producers (id),
    seq BIGINT NOT NULL CHECK (seq > 0),
    bench_id BIGINT NOT NULL REFERENCES benches (id),
    warehouse_id BIGINT NOT NULL,
    operator_id BIGINT REFERENCES users (id),
    device TEXT NOT NULL,
    source TEXT NOT NULL,
    captured_at DATETIME NOT NULL,
    received_at DATETIME NOT NULL,
    offset_ms BIGINT NOT NULL DEFAULT 0,              -- server clock minus station clock at hello
    mono_us BIGINT NOT NULL,
    raw BLOB NOT NULL,
    data TEXT NOT NULL,
    charset TEXT NOT NULL,
    symbology TEXT NOT NULL DEFAULT '',
    flags TEXT NOT NULL DEFAULT '',
    content_hash TEXT NOT NULL,
    verdict TEXT NOT NULL,
    code TEXT NOT NULL,
    tone TEXT NOT NULL,
    tote TEXT NOT NULL DEFAULT '',
    params TEXT NOT NULL DEFAULT '{}',
    effects TEXT NOT NULL DEFAULT '[]',
    plate TEXT NOT NULL DEFAULT '',
    parcel_id BIGINT REFERENCES parcels (id),
    unit_id BIGINT REFERENCES units (id),
    undone_by BIGINT,                                 -- seq of the UNDO, same bench; producer in undone_producer
    undone_producer TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (producer, seq)
);
CREATE INDEX outcomes_bench ON outcomes (bench_id, received_at);
CREATE INDEX outcomes_parcel ON outcomes (parcel_id);
CREATE INDEX outcomes_unit ON outcomes (unit_id);
CREATE INDEX outcomes_parked ON outcomes (warehouse_id, received_at) WHERE code IN ('parked', 'seq_conflict');
CREATE TABLE conflicts (                              -- the same key with other content: kept, alarmed
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    producer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    body TEXT NOT NULL,
    at DATETIME NOT NULL
);

-- Money.
CREATE TABLE refunds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL UNIQUE,                      -- our key for ever; the gateway's out_refund_no
    entitlement TEXT NOT NULL,                        -- what it is for: unit:ID, case_line:ID, case:ID …
    part INTEGER NOT NULL DEFAULT 1,                  -- an entitlement over several payments has several parts
    owner_id BIGINT NOT NULL REFERENCES owners (id),
    shop_id BIGINT NOT NULL REFERENCES shops (id),
    case_id BIGINT REFERENCES cases (id),
    order_id BIGINT NOT NULL REFERENCES orders (id),
    order_line_id BIGINT REFERENCES order_lines (id),
    unit_id BIGINT REFERENCES units (id),
    payment_id BIGINT NOT NULL REFERENCES payments (id),
    quantity INTEGER NOT NULL DEFAULT 0,
    amount_minor BIGINT NOT NULL CHECK (amount_minor >= 0),
    deduction_minor BIGINT NOT NULL DEFAULT 0,
    deduction_reason TEXT NOT NULL DEFAULT '',
    currency TEXT NOT NULL,
    origin TEXT NOT NULL REFERENCES refund_origins (code),
    state TEXT NOT NULL REFERENCES refund_states (code),
    body TEXT NOT NULL DEFAULT '',                    -- the exact request, stored before the first byte leaves
    gateway_refund_id TEXT,                           -- exactly one per succeeded refund
    reason TEXT NOT NULL DEFAULT '',
    hold_code TEXT NOT NULL DEFAULT '',
    requested_by BIGINT REFERENCES users (id),        -- NULL: policy
    authorized_by BIGINT REFERENCES users (id),       -- NULL: below the limit
    proof TEXT NOT NULL DEFAULT '',                   -- paid_by_hand
    replaces BIGINT UNIQUE REFERENCES refunds (id),
    lease_token TEXT NOT NULL DEFAULT '',
    lease_until DATETIME,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try_at DATETIME,
    requested_at DATETIME NOT NULL,
    authorized_at DATETIME,
    sent_at DATETIME,
    settled_at DATETIME,
    version BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX refunds_entitlement ON refunds (entitlement, part) WHERE state NOT IN ('failed', 'closed', 'cancelled');
CREATE UNIQUE INDEX refunds_gateway_id ON refunds (payment_id, gateway_refund_id) WHERE gateway_refund_id IS NOT NULL;
CREATE INDEX refunds_case ON refunds (case_id);
CREATE INDEX refunds_order ON refunds (order_id);
CREATE INDEX refunds_unit ON refunds (unit_id);
CREATE INDEX refunds_live ON refunds (state, next_try_at) WHERE state NOT IN ('succeeded', 'failed', 'closed', 'cancelled', 'paid_by_hand');
CREATE INDEX refunds_settled ON refunds (settled_at);
CREATE TABLE refund_attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    refund_id BIGINT NOT NULL REFERENCES refunds (id),
    kind TEXT NOT NULL CHECK (kind IN ('send', 'query', 'notice')),
    effect TEXT NOT NULL DEFAULT '',                  -- empty while under way
    code TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    started_at DATETIME NOT NULL,
    finished_at DATETIME
);
CREATE INDEX refund_attempts_refund ON refund_attempts (refund_id);
CREATE TABLE refund_notices (
    gateway TEXT NOT NULL,
    account TEXT NOT NULL,
    message_id TEXT NOT NULL,
    refund_number TEXT NOT NULL,
    status TEXT NOT NULL,
    received_at DATETIME NOT NULL,
    handled_at DATETIME,
    PRIMARY KEY (gateway, account, message_id)
);

-- Plumbing.
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    owner_id BIGINT REFERENCES owners (id),
    warehouse_id BIGINT REFERENCES warehouses (id),
    params TEXT NOT NULL DEFAULT '{}',
    state TEXT NOT NULL DEFAULT 'open' REFERENCES task_states (code),
    created_at DATETIME NOT NULL,
    done_at DATETIME,
    UNIQUE (kind, subject)
);
CREATE TABLE idempotency_keys (
    principal TEXT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    response TEXT NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (principal, route, key)
);
CREATE INDEX idempotency_keys_at ON idempotency_keys (at);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,                               -- backdock.parcel.opened.v1
    subject TEXT NOT NULL,                            -- parcel/P000012
    version BIGINT NOT NULL,                          -- the subject's, after the event
    owner_id BIGINT,
    warehouse_id BIGINT,
    shop_id BIGINT,
    by_user BIGINT,
    at DATETIME NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX events_subject ON events (subject);
CREATE INDEX events_type_at ON events (type, at);
CREATE TABLE event_order (
    seq INTEGER PRIMARY KEY,
    event_id BIGINT NOT NULL UNIQUE REFERENCES events (id)
);
-- seq is assigned in the writing transaction here: there is one writer.

-- +goose Down
DROP TABLE event_order;
DROP TABLE events;
DROP TABLE idempotency_keys;
DROP TABLE tasks;
DROP TABLE refund_notices;
DROP TABLE refund_attempts;
DROP TABLE refunds;
DROP TABLE conflicts;
DROP TABLE outcomes;
DROP TABLE inspections;
DROP TABLE balances;
DROP TABLE movements;
DROP TABLE units;
DROP TABLE waybill_aliases;
DROP TABLE receipt_lines;
DROP TABLE receipts;
DROP TABLE parcels;
DROP TABLE plate_leases;
DROP TABLE plate_counter;
DROP TABLE producers;
DROP TABLE enrolments;
DROP TABLE stations;
DROP TABLE benches;
DROP TABLE sessions;
DROP TABLE grants;
DROP TABLE users;
DROP TABLE case_lines;
DROP TABLE cases;
DROP TABLE shipment_lines;
DROP TABLE shipments;
DROP TABLE order_payments;
DROP TABLE payments;
DROP TABLE line_serials;
DROP TABLE order_lines;
DROP TABLE orders;
DROP TABLE sku_codes;
DROP TABLE skus;
DROP TABLE policies;
DROP TABLE shops;
DROP TABLE warehouses;
DROP TABLE owners;
DROP TABLE task_states;
DROP TABLE bench_kinds;
DROP TABLE roles;
DROP TABLE refund_triggers;
DROP TABLE refund_origins;
DROP TABLE refund_states;
DROP TABLE dispositions;
DROP TABLE grades;
DROP TABLE accounts;
DROP TABLE unit_states;
DROP TABLE findings;
DROP TABLE parcel_states;
DROP TABLE parcel_kinds;
DROP TABLE case_moneys;
DROP TABLE case_judgements;
DROP TABLE case_goods;
DROP TABLE case_decisions;
DROP TABLE case_reasons;
DROP TABLE case_types;
DROP TABLE alias_roles;
DROP TABLE shipment_states;
DROP TABLE order_states;
