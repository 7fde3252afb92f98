-- +goose Up
-- A bundle is sold as one and comes back as its parts.
CREATE TABLE bundle_parts (
    bundle_sku_id BIGINT NOT NULL REFERENCES skus (id),
    part_sku_id BIGINT NOT NULL REFERENCES skus (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (bundle_sku_id, part_sku_id),
    CHECK (bundle_sku_id <> part_sku_id)
);
CREATE INDEX bundle_parts_part ON bundle_parts (part_sku_id);
-- A receipt line that awaits a part of the bundle on a case line. The case line counts complete bundles.
CREATE TABLE bundle_lines (
    receipt_line_id BIGINT PRIMARY KEY REFERENCES receipt_lines (id),
    case_line_id BIGINT NOT NULL REFERENCES case_lines (id),
    per_bundle INTEGER NOT NULL CHECK (per_bundle > 0)
);
CREATE INDEX bundle_lines_case_line ON bundle_lines (case_line_id);

-- +goose Down
DROP TABLE bundle_lines;
DROP TABLE bundle_parts;
