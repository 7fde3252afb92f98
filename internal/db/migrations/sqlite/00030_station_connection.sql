-- +goose Up
-- Which socket speaks for a station: the end of an older one, on this server or another, must not turn the station off.
ALTER TABLE stations ADD COLUMN connection TEXT NOT NULL DEFAULT '';
-- Boards count parcels without an owner and stock per account of one warehouse.
CREATE INDEX parcels_unclaimed ON parcels (warehouse_id, created_at) WHERE owner_id IS NULL;
CREATE INDEX balances_warehouse ON balances (warehouse_id, account);
CREATE INDEX cases_submitted ON cases (submitted_at, id);
CREATE INDEX orders_placed ON orders (placed_at, id);

-- +goose Down
DROP INDEX orders_placed;
DROP INDEX cases_submitted;
DROP INDEX balances_warehouse;
DROP INDEX parcels_unclaimed;
ALTER TABLE stations DROP COLUMN connection;
