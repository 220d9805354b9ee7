-- Hourly roll-ups and figures. Everything here can be dropped and recomputed from `ingest`.
CREATE SCHEMA metrics;

-- Microseconds since 1970 UTC, exact, and back: roll-ups compute in integers.
CREATE FUNCTION metrics.us(timestamptz) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (extract(epoch FROM $1) * 1000000)::bigint;
CREATE FUNCTION metrics.instant(bigint) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    RETURN TIMESTAMPTZ '1970-01-01 00:00:00+00' + $1 * INTERVAL '1 microsecond';

-- Minutes of an hour that [a, b) touches, both in microseconds since its start, as 60 bits: the highest is minute 0.
CREATE FUNCTION metrics.minutes(a bigint, b bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN b > a THEN (1::bigint << (60 - (a / 60000000)::int)) - (1::bigint << (59 - ((b - 1) / 60000000)::int))
                ELSE 0 END;

-- floor(amount x part / whole), exact.
CREATE FUNCTION metrics.share(amount numeric, part bigint, whole bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN amount >= 0 THEN div(amount * part, whole) ELSE -div(-amount * part + whole - 1, whole) END;

-- Effective value of a counter: a fall of at most `dip` is ignored until the counter has passed its old value again.
CREATE FUNCTION metrics.effective_step(state numeric, value numeric, dip bigint) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN value >= state OR state - value > dip OR state IS NULL THEN value ELSE state END;
END $$;
CREATE AGGREGATE metrics.effective(value numeric, dip bigint) (SFUNC = metrics.effective_step, STYPE = numeric);

-- End of the last accepted interval: an interval is accepted unless it begins before the end of the accepted one before.
CREATE FUNCTION metrics.accepted_step(state bigint, from_us bigint, to_us bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN from_us >= state OR state IS NULL THEN to_us ELSE state END;
END $$;
CREATE AGGREGATE metrics.accepted(from_us bigint, to_us bigint) (SFUNC = metrics.accepted_step, STYPE = bigint);

-- Local days of a zone in UTC, from the pinned tzdata of Python: tz tables of PostgreSQL builds differ.
CREATE TABLE metrics.local_day (
    zone  text NOT NULL,
    day   date NOT NULL,
    start timestamptz NOT NULL,
    stop  timestamptz NOT NULL,   -- half-open; 23, 24 or 25 hours
    PRIMARY KEY (zone, day)
);

-- One row per datastream and closed clock hour that a reading reaches. A pure function of the readings in force and the
-- facts up to the last closed hour. Clock hours are those of the district's zone (:30 and :45 zones: shifted by that).
-- The total of a counter or delta over a window of whole hours [a, b) is
--     sum(amount) + sum(gap_amount) FILTER (WHERE gap_start >= a)   over its rows with a <= hour < b.
CREATE TABLE metrics.hour (
    datastream_id int NOT NULL,
    hour          timestamptz NOT NULL,
    received      int NOT NULL,       -- readings in force stamped in the hour (a delta's stamp on the full hour belongs before it)
    valid         int NOT NULL,       -- of these not out of range, not flagged bad, not frozen
    frozen        int NOT NULL,       -- of these unchanged for too long (metrics/rollup/rules.yaml)
    slots         int NOT NULL,       -- slots of the declared interval (counted from 1970 UTC) whose first valid reading is stamped here
    expected      int,                -- slots that begin in the hour while the device is in service; null: no interval declared
    covered_us    bigint NOT NULL CHECK (covered_us BETWEEN 0 AND 3600000000),
    minutes       bit(60) NOT NULL,   -- minutes of the hour wholly or partly covered; the leftmost bit is minute 0
    amount        numeric,            -- counter, delta: [unit of the quantity], estimated part included; null: other kinds
    estimated     numeric,            -- of `amount`: over gaps longer than hold, which are not covered
    gap_amount    numeric,            -- counter: increase over a gap of more than 24 h that ends in this hour, not in `amount`
    gap_start     timestamptz,        -- ... and where that gap began: it counts in windows that begin no later
    weighted      numeric,            -- gauge: sum of value x microseconds it held; mean = weighted / covered_us
    minimum       numeric,            -- gauge: of valid readings stamped in the hour; likewise maximum, last
    maximum       numeric,
    last          numeric,
    state_us      jsonb,              -- state: {"code": microseconds}, summing to covered_us; the rest of the hour is unknown
    transitions   int,                -- state
    resets        int,                -- counter, wraps included
    dips          int,                -- counter
    overlapped    int,                -- delta: readings that overlap an accepted one and add nothing
    lateness      int[] NOT NULL,     -- valid readings per class of late_s, edges: metrics/rollup/rules.yaml; backfill left out
    flag_counts   int[] NOT NULL,     -- readings per bit of ingest.model.Flag, from bit 2: element 1 is TIME_FROM_RECEIPT, 7 is BACKFILL
    origins       int[] NOT NULL,     -- readings per origin: real, simulated, imported, manual
    carry         jsonb,              -- what the hour hands on: time, value and end of a held value; effective value; accepted end
    input_digest  bytea NOT NULL,     -- SHA-256 of the lines of metrics/rollup/store.sql: carry that came in, readings, readings reaching in
    PRIMARY KEY (datastream_id, hour)
);
CREATE INDEX ON metrics.hour (hour);

-- Figures. Exact: value = numerator / denominator; numerator null: undetermined, never zero.
CREATE TABLE metrics.value (
    district             text NOT NULL,
    metric               text NOT NULL,
    subject              text NOT NULL,   -- 'district', 'space:ID', 'car_park:ID', 'device:ID', 'feed:NAME'
    grain                text NOT NULL CHECK (grain IN ('hour', 'day', 'window')),
    window_start         timestamptz NOT NULL,
    window_end           timestamptz NOT NULL,
    numerator            numeric,
    denominator          numeric NOT NULL CHECK (denominator > 0),
    value                float8 GENERATED ALWAYS AS ((numerator / denominator)::float8) STORED,   -- for display only
    unit                 text NOT NULL,
    coverage_numerator   numeric NOT NULL,
    coverage_denominator numeric NOT NULL,   -- 0: nothing was expected
    devices              text[] NOT NULL,
    origins              text[] NOT NULL,
    quality              text NOT NULL CHECK (quality IN ('good', 'uncertain', 'bad', 'undetermined')),
    method               text NOT NULL DEFAULT '',   -- where a metric has more than one way: 'stays', 'little', edition of the AQI ...
    backfilled           numeric NOT NULL DEFAULT 0, -- share of readings that came by a declared import
    definition           text NOT NULL,   -- content hash of the metric's definition
    PRIMARY KEY (district, metric, subject, grain, window_start, window_end),
    CHECK (window_start < window_end)
);
CREATE INDEX ON metrics.value (district, metric, grain, window_start);
