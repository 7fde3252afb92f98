-- +goose Up
-- A station that comes back is told its newest block again.
CREATE INDEX plate_leases_station ON plate_leases (station_id, first);

-- +goose Down
DROP INDEX plate_leases_station;
