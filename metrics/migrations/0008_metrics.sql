-- What a roll-up knows only by sharing, and what it doubts: figures say both by their coverage.
ALTER TABLE metrics.hour
    ADD COLUMN shared_in_us  bigint NOT NULL DEFAULT 0,  -- of covered_us: by an increase or amount that began before the hour
    ADD COLUMN shared_out_us bigint NOT NULL DEFAULT 0,  -- ... that ends after it
    ADD COLUMN shared_in     numeric,  -- counter, delta: the greater part of the one that began before: how far `amount` may be off
    ADD COLUMN shared_out    numeric,  -- ... of the one that ends after
    ADD COLUMN doubted_us    bigint NOT NULL DEFAULT 0,  -- gauge: of covered_us, by a value that then stood still for too long
    ADD COLUMN state_minutes jsonb;    -- state: {"code": minutes of the hour wholly or partly in it}, bits as in metrics.minutes

-- The greater part of an amount of which a part / whole lies before an edge.
CREATE FUNCTION metrics.greater_share(amount numeric, part bigint, whole bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN greatest(abs(metrics.share(amount, part, whole)), abs(amount - metrics.share(amount, part, whole)));

-- Time of an hour that is known to lie in its window: what is shared over the window's first and last edge is an estimate,
-- and a value that stood still may be a stuck sensor's.
CREATE FUNCTION metrics.known_us(covered_us bigint, shared_in_us bigint, shared_out_us bigint, doubted_us bigint,
                                 first boolean, last boolean)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN greatest(covered_us - CASE WHEN first THEN shared_in_us ELSE 0 END - CASE WHEN last THEN shared_out_us ELSE 0 END
                    - doubted_us, 0);

-- How far an amount that was read may be off, because a part of it was shared over an edge of the window.
ALTER TABLE metrics.value ADD COLUMN shared numeric NOT NULL DEFAULT 0;

-- Hours rolled up before are looked at again.
INSERT INTO ingest.touched (batch_id, hour, datastream_ids)
SELECT NULL, date_trunc('hour', hour), array_agg(DISTINCT datastream_id) FROM metrics.hour GROUP BY 2;
