-- +goose Up
-- What the feed of awaited returns must tell anew. Triggers write it, in the transaction of the change, so that no writer can forget it. Rows are only added:
-- a row per return would be a lock that scans and imports take in different orders. mark is the writing transaction; the feed goes on from the oldest one that
-- may still be running (receiving/expected).
CREATE TABLE expected_changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('case', 'shipment', 'sku')),
    ref BIGINT NOT NULL,
    mark BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE INDEX expected_changes_mark ON expected_changes (mark, id);
-- Marks below the horizon were swept away: who asks from before it gets everything. So does who comes from another epoch: a database that was dumped and
-- loaded again counts its transactions anew.
CREATE TABLE expected_horizon (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    mark BIGINT NOT NULL,
    epoch TEXT NOT NULL
);
INSERT INTO expected_horizon (id, mark, epoch) VALUES (1, pg_snapshot_xmin(pg_current_snapshot())::text::bigint, md5(random()::text || clock_timestamp()::text));
CREATE INDEX cases_awaited ON cases (id) WHERE goods IN ('awaited', 'in_transit', 'at_dock', 'part_received');
CREATE INDEX shipments_coming_back ON shipments (id) WHERE state IN ('refused', 'intercept_requested', 'intercepted', 'undeliverable');

-- +goose StatementBegin
CREATE FUNCTION expected_goods(goods TEXT) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE AS $$
    SELECT goods IN ('awaited', 'in_transit', 'at_dock', 'part_received')
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION expected_coming_back(state TEXT) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE AS $$
    SELECT state IN ('refused', 'intercept_requested', 'intercepted', 'undeliverable')
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION expected_case_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('case', COALESCE(NEW.id, OLD.id));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER expected_case_new AFTER INSERT ON cases FOR EACH ROW WHEN (expected_goods(NEW.goods)) EXECUTE FUNCTION expected_case_changed();
CREATE TRIGGER expected_case_gone AFTER DELETE ON cases FOR EACH ROW WHEN (expected_goods(OLD.goods)) EXECUTE FUNCTION expected_case_changed();
-- Opening a parcel moves goods between two awaited states, which changes nothing here.
CREATE TRIGGER expected_case_moved AFTER UPDATE OF goods, decision, money, warehouse_id, order_id, order_number, number ON cases FOR EACH ROW
    WHEN (expected_goods(OLD.goods) <> expected_goods(NEW.goods)
     OR expected_goods(NEW.goods) AND (OLD.decision, OLD.money, OLD.warehouse_id, OLD.order_id, OLD.order_number, OLD.number)
      IS DISTINCT FROM (NEW.decision, NEW.money, NEW.warehouse_id, NEW.order_id, NEW.order_number, NEW.number)) EXECUTE FUNCTION expected_case_changed();

-- +goose StatementBegin
CREATE FUNCTION expected_case_line_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('case', COALESCE(NEW.case_id, OLD.case_id));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER expected_case_line AFTER INSERT OR DELETE OR UPDATE OF sku_id, order_line_id, quantity, received ON case_lines FOR EACH ROW EXECUTE FUNCTION expected_case_line_changed();

-- +goose StatementBegin
CREATE FUNCTION expected_alias_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO expected_changes (kind, ref) SELECT DISTINCT 'case', c FROM (VALUES (NEW.case_id), (OLD.case_id)) AS v (c) WHERE c IS NOT NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER expected_alias AFTER INSERT OR DELETE OR UPDATE ON waybill_aliases FOR EACH ROW EXECUTE FUNCTION expected_alias_changed();

-- +goose StatementBegin
CREATE FUNCTION expected_shipment_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('shipment', COALESCE(NEW.id, OLD.id));
    INSERT INTO expected_changes (kind, ref) SELECT DISTINCT 'case', c.id FROM shipment_lines l JOIN cases c ON c.order_id = l.order_id
     WHERE l.shipment_id = COALESCE(NEW.id, OLD.id) AND expected_goods(c.goods);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER expected_shipment_new AFTER INSERT ON shipments FOR EACH ROW WHEN (expected_coming_back(NEW.state)) EXECUTE FUNCTION expected_shipment_changed();
CREATE TRIGGER expected_shipment_moved AFTER UPDATE OF state, waybill ON shipments FOR EACH ROW WHEN (OLD.state <> NEW.state OR OLD.waybill <> NEW.waybill) EXECUTE FUNCTION expected_shipment_changed();
CREATE TRIGGER expected_shipment_gone AFTER DELETE ON shipments FOR EACH ROW WHEN (expected_coming_back(OLD.state)) EXECUTE FUNCTION expected_shipment_changed();

-- +goose StatementBegin
CREATE FUNCTION expected_shipment_line_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO expected_changes (kind, ref) SELECT 'shipment', s.id FROM shipments s WHERE s.id = COALESCE(NEW.shipment_id, OLD.shipment_id) AND expected_coming_back(s.state);
    INSERT INTO expected_changes (kind, ref) SELECT 'case', c.id FROM cases c WHERE c.order_id = COALESCE(NEW.order_id, OLD.order_id) AND expected_goods(c.goods);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER expected_shipment_line AFTER INSERT OR DELETE OR UPDATE ON shipment_lines FOR EACH ROW EXECUTE FUNCTION expected_shipment_line_changed();

-- +goose StatementBegin
CREATE FUNCTION expected_serial_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO expected_changes (kind, ref) SELECT DISTINCT 'case', l.case_id FROM case_lines l WHERE l.order_line_id = COALESCE(NEW.order_line_id, OLD.order_line_id);
    INSERT INTO expected_changes (kind, ref) SELECT DISTINCT 'shipment', s.id FROM order_lines o JOIN shipment_lines l ON l.order_line_id = o.id AND l.order_id = o.order_id
     JOIN shipments s ON s.id = l.shipment_id WHERE o.id = COALESCE(NEW.order_line_id, OLD.order_line_id) AND expected_coming_back(s.state);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER expected_serial AFTER INSERT OR DELETE ON line_serials FOR EACH ROW EXECUTE FUNCTION expected_serial_changed();

-- +goose StatementBegin
CREATE FUNCTION expected_code_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO expected_changes (kind, ref) SELECT DISTINCT 'sku', c FROM (VALUES (NEW.sku_id), (OLD.sku_id)) AS v (c) WHERE c IS NOT NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER expected_code AFTER INSERT OR DELETE OR UPDATE ON sku_codes FOR EACH ROW EXECUTE FUNCTION expected_code_changed();
-- +goose StatementBegin
CREATE FUNCTION expected_sku_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('sku', NEW.id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER expected_sku AFTER UPDATE OF code ON skus FOR EACH ROW WHEN (OLD.code <> NEW.code) EXECUTE FUNCTION expected_sku_changed();

-- +goose Down
DROP TRIGGER expected_sku ON skus;
DROP TRIGGER expected_code ON sku_codes;
DROP TRIGGER expected_serial ON line_serials;
DROP TRIGGER expected_shipment_line ON shipment_lines;
DROP TRIGGER expected_shipment_new ON shipments;
DROP TRIGGER expected_shipment_moved ON shipments;
DROP TRIGGER expected_shipment_gone ON shipments;
DROP TRIGGER expected_alias ON waybill_aliases;
DROP TRIGGER expected_case_line ON case_lines;
DROP TRIGGER expected_case_new ON cases;
DROP TRIGGER expected_case_gone ON cases;
DROP TRIGGER expected_case_moved ON cases;
DROP FUNCTION expected_sku_changed();
DROP FUNCTION expected_code_changed();
DROP FUNCTION expected_serial_changed();
DROP FUNCTION expected_shipment_line_changed();
DROP FUNCTION expected_shipment_changed();
DROP FUNCTION expected_alias_changed();
DROP FUNCTION expected_case_line_changed();
DROP FUNCTION expected_case_changed();
DROP FUNCTION expected_goods(TEXT);
DROP FUNCTION expected_coming_back(TEXT);
DROP INDEX cases_awaited;
DROP INDEX shipments_coming_back;
DROP TABLE expected_horizon;
DROP TABLE expected_changes;
