-- +goose Up
-- What the feed of awaited returns must tell anew; see the PostgreSQL schema. Transactions write one after the other here, so that the id is the mark.
CREATE TABLE expected_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('case', 'shipment', 'sku')),
    ref BIGINT NOT NULL
);
CREATE TABLE expected_horizon (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    mark BIGINT NOT NULL,
    epoch TEXT NOT NULL
);
INSERT INTO expected_horizon (id, mark, epoch) VALUES (1, 1, lower(hex(randomblob(16))));
CREATE INDEX cases_awaited ON cases (id) WHERE goods IN ('awaited', 'in_transit', 'at_dock', 'part_received');
CREATE INDEX shipments_coming_back ON shipments (id) WHERE state IN ('refused', 'intercept_requested', 'intercepted', 'undeliverable');

-- +goose StatementBegin
CREATE TRIGGER expected_case_new AFTER INSERT ON cases
 WHEN NEW.goods IN ('awaited', 'in_transit', 'at_dock', 'part_received')
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('case', NEW.id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_case_gone AFTER DELETE ON cases
 WHEN OLD.goods IN ('awaited', 'in_transit', 'at_dock', 'part_received')
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('case', OLD.id);
END;
-- +goose StatementEnd
-- Opening a parcel moves goods between two awaited states, which changes nothing here.
-- +goose StatementBegin
CREATE TRIGGER expected_case_moved AFTER UPDATE OF goods, decision, money, warehouse_id, order_id, order_number, number ON cases
 WHEN (OLD.goods IN ('awaited', 'in_transit', 'at_dock', 'part_received')) <> (NEW.goods IN ('awaited', 'in_transit', 'at_dock', 'part_received'))
  OR NEW.goods IN ('awaited', 'in_transit', 'at_dock', 'part_received') AND (OLD.decision <> NEW.decision OR OLD.money <> NEW.money OR OLD.warehouse_id IS NOT NEW.warehouse_id
   OR OLD.order_id IS NOT NEW.order_id OR OLD.order_number <> NEW.order_number OR OLD.number <> NEW.number)
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('case', NEW.id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_case_line_new AFTER INSERT ON case_lines
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('case', NEW.case_id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_case_line_gone AFTER DELETE ON case_lines
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('case', OLD.case_id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_case_line_moved AFTER UPDATE OF sku_id, order_line_id, quantity, received ON case_lines
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('case', NEW.case_id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_alias_new AFTER INSERT ON waybill_aliases
 WHEN NEW.case_id IS NOT NULL
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('case', NEW.case_id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_alias_gone AFTER DELETE ON waybill_aliases
 WHEN OLD.case_id IS NOT NULL
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('case', OLD.case_id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_alias_moved AFTER UPDATE ON waybill_aliases
BEGIN
    INSERT INTO expected_changes (kind, ref) SELECT 'case', c FROM (SELECT NEW.case_id AS c UNION SELECT OLD.case_id) WHERE c IS NOT NULL;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_shipment_new AFTER INSERT ON shipments
 WHEN NEW.state IN ('refused', 'intercept_requested', 'intercepted', 'undeliverable')
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('shipment', NEW.id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_shipment_moved AFTER UPDATE OF state, waybill ON shipments
 WHEN OLD.state <> NEW.state OR OLD.waybill <> NEW.waybill
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('shipment', NEW.id);
    INSERT INTO expected_changes (kind, ref) SELECT DISTINCT 'case', c.id FROM shipment_lines l JOIN cases c ON c.order_id = l.order_id
     WHERE l.shipment_id = NEW.id AND c.goods IN ('awaited', 'in_transit', 'at_dock', 'part_received');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_shipment_gone AFTER DELETE ON shipments
 WHEN OLD.state IN ('refused', 'intercept_requested', 'intercepted', 'undeliverable')
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('shipment', OLD.id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_shipment_line_new AFTER INSERT ON shipment_lines
BEGIN
    INSERT INTO expected_changes (kind, ref) SELECT 'shipment', s.id FROM shipments s WHERE s.id = NEW.shipment_id AND s.state IN ('refused', 'intercept_requested', 'intercepted', 'undeliverable');
    INSERT INTO expected_changes (kind, ref) SELECT 'case', c.id FROM cases c WHERE c.order_id = NEW.order_id AND c.goods IN ('awaited', 'in_transit', 'at_dock', 'part_received');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_shipment_line_gone AFTER DELETE ON shipment_lines
BEGIN
    INSERT INTO expected_changes (kind, ref) SELECT 'shipment', s.id FROM shipments s WHERE s.id = OLD.shipment_id AND s.state IN ('refused', 'intercept_requested', 'intercepted', 'undeliverable');
    INSERT INTO expected_changes (kind, ref) SELECT 'case', c.id FROM cases c WHERE c.order_id = OLD.order_id AND c.goods IN ('awaited', 'in_transit', 'at_dock', 'part_received');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_shipment_line_moved AFTER UPDATE ON shipment_lines
BEGIN
    INSERT INTO expected_changes (kind, ref) SELECT 'shipment', s.id FROM shipments s WHERE s.id = NEW.shipment_id AND s.state IN ('refused', 'intercept_requested', 'intercepted', 'undeliverable');
    INSERT INTO expected_changes (kind, ref) SELECT 'case', c.id FROM cases c WHERE c.order_id = NEW.order_id AND c.goods IN ('awaited', 'in_transit', 'at_dock', 'part_received');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_serial_new AFTER INSERT ON line_serials
BEGIN
    INSERT INTO expected_changes (kind, ref) SELECT DISTINCT 'case', l.case_id FROM case_lines l WHERE l.order_line_id = NEW.order_line_id;
    INSERT INTO expected_changes (kind, ref) SELECT DISTINCT 'shipment', s.id FROM order_lines o JOIN shipment_lines l ON l.order_line_id = o.id AND l.order_id = o.order_id
     JOIN shipments s ON s.id = l.shipment_id WHERE o.id = NEW.order_line_id AND s.state IN ('refused', 'intercept_requested', 'intercepted', 'undeliverable');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_serial_gone AFTER DELETE ON line_serials
BEGIN
    INSERT INTO expected_changes (kind, ref) SELECT DISTINCT 'case', l.case_id FROM case_lines l WHERE l.order_line_id = OLD.order_line_id;
    INSERT INTO expected_changes (kind, ref) SELECT DISTINCT 'shipment', s.id FROM order_lines o JOIN shipment_lines l ON l.order_line_id = o.id AND l.order_id = o.order_id
     JOIN shipments s ON s.id = l.shipment_id WHERE o.id = OLD.order_line_id AND s.state IN ('refused', 'intercept_requested', 'intercepted', 'undeliverable');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_code_new AFTER INSERT ON sku_codes
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('sku', NEW.sku_id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_code_gone AFTER DELETE ON sku_codes
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('sku', OLD.sku_id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_code_moved AFTER UPDATE ON sku_codes
BEGIN
    INSERT INTO expected_changes (kind, ref) SELECT 'sku', c FROM (SELECT NEW.sku_id AS c UNION SELECT OLD.sku_id);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER expected_sku AFTER UPDATE OF code ON skus
 WHEN OLD.code <> NEW.code
BEGIN
    INSERT INTO expected_changes (kind, ref) VALUES ('sku', NEW.id);
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER expected_sku;
DROP TRIGGER expected_code_moved;
DROP TRIGGER expected_code_gone;
DROP TRIGGER expected_code_new;
DROP TRIGGER expected_serial_gone;
DROP TRIGGER expected_serial_new;
DROP TRIGGER expected_shipment_line_moved;
DROP TRIGGER expected_shipment_line_gone;
DROP TRIGGER expected_shipment_line_new;
DROP TRIGGER expected_shipment_gone;
DROP TRIGGER expected_shipment_moved;
DROP TRIGGER expected_shipment_new;
DROP TRIGGER expected_alias_moved;
DROP TRIGGER expected_alias_gone;
DROP TRIGGER expected_alias_new;
DROP TRIGGER expected_case_line_moved;
DROP TRIGGER expected_case_line_gone;
DROP TRIGGER expected_case_line_new;
DROP TRIGGER expected_case_moved;
DROP TRIGGER expected_case_gone;
DROP TRIGGER expected_case_new;
DROP INDEX cases_awaited;
DROP INDEX shipments_coming_back;
DROP TABLE expected_horizon;
DROP TABLE expected_changes;
