-- +goose Up
-- What stood on the scale when the box was scanned, beside what it should weigh. 0: not weighed, not known.
ALTER TABLE outcomes ADD COLUMN weight_g INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outcomes ADD COLUMN weight_stable BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE parcels ADD COLUMN weight_g INTEGER NOT NULL DEFAULT 0;
ALTER TABLE parcels ADD COLUMN expected_g INTEGER NOT NULL DEFAULT 0;
ALTER TABLE parcels ADD COLUMN empty_g INTEGER NOT NULL DEFAULT 0;      -- the box when the clerk said that it was empty
ALTER TABLE parcels ADD COLUMN light BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE parcels ADD COLUMN weighed_at DATETIME;
CREATE INDEX parcels_light ON parcels (warehouse_id, weighed_at) WHERE light;
-- A box is light when it lacks more than both.
ALTER TABLE policies ADD COLUMN light_percent INTEGER NOT NULL DEFAULT 15 CHECK (light_percent BETWEEN 0 AND 100);
ALTER TABLE policies ADD COLUMN light_g INTEGER NOT NULL DEFAULT 100 CHECK (light_g >= 0);
-- Plates printed beforehand: a block of a warehouse is a roll; a bench may take its plates from rolls.
ALTER TABLE plate_leases ADD COLUMN warehouse_id BIGINT REFERENCES warehouses (id);
ALTER TABLE benches ADD COLUMN plates TEXT NOT NULL DEFAULT '' CHECK (plates IN ('', 'preprinted'));

-- +goose Down
ALTER TABLE benches DROP COLUMN plates;
ALTER TABLE plate_leases DROP COLUMN warehouse_id;
ALTER TABLE policies DROP COLUMN light_g;
ALTER TABLE policies DROP COLUMN light_percent;
DROP INDEX parcels_light;
ALTER TABLE parcels DROP COLUMN weighed_at;
ALTER TABLE parcels DROP COLUMN light;
ALTER TABLE parcels DROP COLUMN empty_g;
ALTER TABLE parcels DROP COLUMN expected_g;
ALTER TABLE parcels DROP COLUMN weight_g;
ALTER TABLE outcomes DROP COLUMN weight_stable;
ALTER TABLE outcomes DROP COLUMN weight_g;
