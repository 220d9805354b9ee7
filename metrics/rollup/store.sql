-- Writes the hours of rollup_range: rows that differ are put, rows that nothing reaches any more are deleted. Returns
-- what changed. The digest is SHA-256 of these lines in UTF-8, joined by newlines: `in <carry>` where something came in,
-- `<time in microseconds> <value> <flags>[ <span in microseconds>]` per reading in order of time, and `next <reading>`
-- where a later reading shares in the hour, `doubted <microseconds>` where a value stood still
-- for too long, which later readings may have shown.
WITH rolled AS (
    SELECT g.datastream_id, metrics.instant(hour) AS hour,
           coalesce(t.received, 0) AS received, coalesce(t.valid, 0) AS valid, coalesce(t.frozen, 0) AS frozen,
           coalesce(m.slots, 0) AS slots,
           (SELECT sum((least(f.expected_to_us, hour + %(hour)s) + f.interval_us - 1) / f.interval_us
                       - (greatest(f.expected_from_us, hour) + f.interval_us - 1) / f.interval_us)
            FROM rollup_fact f
            WHERE f.datastream_id = g.datastream_id
              AND f.expected_from_us < hour + %(hour)s AND f.expected_to_us > hour
              AND f.expected_from_us < f.expected_to_us) AS expected,
           coalesce(m.covered_us, 0) AS covered_us, coalesce(m.minutes, 0)::bit(60) AS minutes,
           CASE WHEN g.kind IN ('counter', 'delta') THEN trim_scale(coalesce(m.amount, 0) * s.resolution) END AS amount,
           CASE WHEN g.kind IN ('counter', 'delta') THEN trim_scale(coalesce(m.estimated, 0) * s.resolution) END AS estimated,
           trim_scale(m.gap_amount * s.resolution) AS gap_amount, metrics.instant(m.gap_us) AS gap_start,
           coalesce(m.shared_in_us, 0) AS shared_in_us, coalesce(m.shared_out_us, 0) AS shared_out_us,
           trim_scale(m.shared_in * s.resolution) AS shared_in, trim_scale(m.shared_out * s.resolution) AS shared_out,
           coalesce(m.doubted_us, 0) AS doubted_us,
           CASE g.kind WHEN 'gauge' THEN trim_scale(coalesce(m.weighted, 0)) END AS weighted,
           m.minimum, m.maximum, m.last,
           CASE g.kind WHEN 'state' THEN coalesce(m.state_us, '{}') END AS state_us,
           CASE g.kind WHEN 'state' THEN coalesce(m.state_minutes, '{}') END AS state_minutes,
           CASE g.kind WHEN 'state' THEN coalesce(m.transitions, 0) END AS transitions,
           CASE g.kind WHEN 'counter' THEN coalesce(m.resets, 0) END AS resets,
           CASE g.kind WHEN 'counter' THEN coalesce(m.dips, 0) END AS dips,
           CASE g.kind WHEN 'delta' THEN coalesce(m.overlapped, 0) END AS overlapped,
           coalesce(t.lateness, array_fill(0, ARRAY[%(lateness_classes)s])) AS lateness,
           coalesce(t.flag_counts, array_fill(0, ARRAY[8])) AS flag_counts,
           coalesce(t.origins, array_fill(0, ARRAY[4])) AS origins,
           m.carry,
           sha256(convert_to(concat_ws(E'\n', 'in ' || m.came_in, t.lines, 'next ' || m.reaching,
                                       'doubted ' || nullif(m.doubted_us, 0)), 'UTF8')) AS input_digest
    FROM rollup_stamped t
    FULL JOIN rollup_measure m USING (range_id, hour)
    JOIN rollup_range g ON g.id = range_id
    JOIN rollup_stream s ON s.datastream_id = g.datastream_id
    WHERE hour >= g.start_us AND hour < g.stop_us
      -- Roll-ups of readings that were dropped are final, however far a change beside them reaches.
      AND NOT EXISTS (SELECT FROM ingest.dropped x
                      WHERE metrics.instant(hour) >= x.time_from AND metrics.instant(hour) < x.time_to)
), gone AS (
    DELETE FROM metrics.hour h
    USING rollup_range g
    WHERE h.datastream_id = g.datastream_id
      AND h.hour >= metrics.instant(g.start_us) AND h.hour < metrics.instant(g.stop_us)
      AND NOT EXISTS (SELECT FROM rolled r WHERE r.datastream_id = h.datastream_id AND r.hour = h.hour)
      AND NOT EXISTS (SELECT FROM ingest.dropped x WHERE h.hour >= x.time_from AND h.hour < x.time_to)
    RETURNING h.datastream_id, h.hour
), put AS (
    INSERT INTO metrics.hour AS h (
        datastream_id, hour, received, valid, frozen, slots, expected, covered_us, minutes, amount, estimated, gap_amount, gap_start,
        shared_in_us, shared_out_us, shared_in, shared_out, doubted_us, weighted, minimum, maximum, last, state_us, state_minutes,
        transitions, resets, dips, overlapped, lateness, flag_counts, origins, carry, input_digest)
    SELECT * FROM rolled
    ON CONFLICT (datastream_id, hour) DO UPDATE SET (
        received, valid, frozen, slots, expected, covered_us, minutes, amount, estimated, gap_amount, gap_start,
        shared_in_us, shared_out_us, shared_in, shared_out, doubted_us, weighted, minimum, maximum, last, state_us, state_minutes,
        transitions, resets, dips, overlapped, lateness, flag_counts, origins, carry, input_digest) = (
        excluded.received, excluded.valid, excluded.frozen, excluded.slots, excluded.expected, excluded.covered_us,
        excluded.minutes, excluded.amount, excluded.estimated, excluded.gap_amount, excluded.gap_start,
        excluded.shared_in_us, excluded.shared_out_us, excluded.shared_in, excluded.shared_out, excluded.doubted_us,
        excluded.weighted, excluded.minimum, excluded.maximum, excluded.last, excluded.state_us, excluded.state_minutes,
        excluded.transitions, excluded.resets, excluded.dips, excluded.overlapped, excluded.lateness,
        excluded.flag_counts, excluded.origins, excluded.carry, excluded.input_digest)
    WHERE h IS DISTINCT FROM excluded
    RETURNING h.datastream_id, h.hour
)
SELECT datastream_id, hour FROM gone UNION ALL SELECT datastream_id, hour FROM put;
