-- +goose Up
-- Work done, counted from the events: per warehouse, bench, operator and hour of the warehouse's day. 0 stands for nobody logged on, or no bench.
CREATE TABLE work_done (
    warehouse_id BIGINT NOT NULL,
    bench_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    hour_at TIMESTAMPTZ NOT NULL,                            -- when the hour began
    day TEXT NOT NULL,                                -- of the warehouse, YYYY-MM-DD
    hour INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    measure TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (warehouse_id, hour_at, bench_id, user_id, measure)
);
CREATE INDEX work_done_day ON work_done (warehouse_id, day);
CREATE TABLE work_presence (                          -- which twelfths of the hour saw work, as bits
    warehouse_id BIGINT NOT NULL,
    bench_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    hour_at TIMESTAMPTZ NOT NULL,
    day TEXT NOT NULL,
    slots BIGINT NOT NULL,
    PRIMARY KEY (warehouse_id, hour_at, bench_id, user_id)
);
CREATE INDEX work_presence_day ON work_presence (warehouse_id, day);
CREATE TABLE work_cursor (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,                              -- every event up to it is counted
    epoch BIGINT NOT NULL DEFAULT 0                   -- rises with each counting from the start
);
INSERT INTO work_cursor (id, seq) VALUES (1, 0);

-- +goose Down
DROP TABLE work_cursor;
DROP TABLE work_presence;
DROP TABLE work_done;
