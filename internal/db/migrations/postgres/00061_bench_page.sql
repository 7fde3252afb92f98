-- +goose Up
-- A bench without an agent: the station page in a browser is a station of its own. What names it is a secret that the browser made and keeps beside its outbox.
ALTER TABLE stations ADD COLUMN page_hash TEXT;
CREATE UNIQUE INDEX stations_page ON stations (page_hash) WHERE page_hash IS NOT NULL;
-- What lets that page open the station line: only as long as the log-in it was given to.
CREATE TABLE station_tickets (
    token_hash TEXT PRIMARY KEY,
    station_id BIGINT NOT NULL REFERENCES stations (id),
    session_hash TEXT NOT NULL REFERENCES sessions (token_hash) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX station_tickets_station ON station_tickets (station_id);
CREATE INDEX station_tickets_session ON station_tickets (session_hash);

-- +goose Down
DROP TABLE station_tickets;
DROP INDEX stations_page;
ALTER TABLE stations DROP COLUMN page_hash;
