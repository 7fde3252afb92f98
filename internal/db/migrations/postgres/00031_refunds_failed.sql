-- +goose Up
-- Boards look at failed refunds, of which there are few, among all that were ever made.
CREATE INDEX refunds_failed ON refunds (requested_at) WHERE state = 'failed';

-- +goose Down
DROP INDEX refunds_failed;
