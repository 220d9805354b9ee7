-- The batch on its way: `row` counts from 1 in the order of the COPY.
CREATE TEMPORARY TABLE incoming (
    row           int GENERATED ALWAYS AS IDENTITY,
    time          timestamptz NOT NULL,
    value         float8 NOT NULL,
    batch_id      bigint NOT NULL,
    datastream_id int NOT NULL,
    late_s        int NOT NULL,
    flags         smallint NOT NULL,
    span_us       bigint
) ON COMMIT DROP
