-- +goose Up
-- What one refund gives back, line by line: a refund of a whole case or receipt covers several order lines, and each of them is refunded once.
CREATE TABLE refund_lines (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    refund_id BIGINT NOT NULL REFERENCES refunds (id),
    entitlement TEXT NOT NULL,                        -- unit:ID or case_line:ID
    part INTEGER NOT NULL,                            -- counts the refunds that an entitlement is spread over
    case_line_id BIGINT NOT NULL REFERENCES case_lines (id),
    order_line_id BIGINT NOT NULL REFERENCES order_lines (id),
    unit_id BIGINT REFERENCES units (id),
    quantity INTEGER NOT NULL CHECK (quantity >= 0),
    amount_minor BIGINT NOT NULL CHECK (amount_minor >= 0),
    deduction_minor BIGINT NOT NULL DEFAULT 0 CHECK (deduction_minor >= 0),
    live BOOLEAN NOT NULL DEFAULT TRUE                -- FALSE once the refund failed, was closed or cancelled: the entitlement is free again
);
CREATE INDEX refund_lines_refund ON refund_lines (refund_id);
CREATE INDEX refund_lines_case_line ON refund_lines (case_line_id);
CREATE INDEX refund_lines_unit ON refund_lines (unit_id);
CREATE UNIQUE INDEX refund_lines_unit_once ON refund_lines (unit_id, part) WHERE live AND unit_id IS NOT NULL;
CREATE INDEX refunds_payment ON refunds (payment_id, sent_at);
-- The gateway's refusal of the last send. It ends the refund only when a query proves that nothing exists under the number.
ALTER TABLE refunds ADD COLUMN refused_code TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE refunds DROP COLUMN refused_code;
DROP INDEX refunds_payment;
DROP TABLE refund_lines;
