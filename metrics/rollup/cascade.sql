-- Files stretches that reach into the open hour for the refresh after its end. Then rollup_touched anew: where a stretch
-- hands on something else than the hours after it were computed with, the next %(step_us)s microseconds, and at least the
-- hour that took it, are looked at again; nothing is left when no row comes of it.
INSERT INTO ingest.touched (batch_id, hour, datastream_ids)
SELECT 0, %(cutoff)s, array_agg(DISTINCT datastream_id) FROM rollup_range WHERE open HAVING count(*) > 0;

TRUNCATE rollup_touched;
INSERT INTO rollup_touched
SELECT g.datastream_id, g.stop_us, greatest(g.stop_us + %(step_us)s, metrics.us(t.hour) + %(hour)s)
FROM rollup_range g
LEFT JOIN LATERAL (
    SELECT x.carry FROM metrics.hour x
    WHERE x.carry IS NOT NULL AND x.datastream_id = g.datastream_id AND x.hour < metrics.instant(g.stop_us)
    ORDER BY x.hour DESC LIMIT 1
) n ON true
LEFT JOIN LATERAL (   -- computed with what was handed on before, be it now or earlier
    SELECT min(x.hour) AS hour FROM metrics.hour x
    WHERE x.carry IS NOT NULL AND x.datastream_id = g.datastream_id AND x.hour >= metrics.instant(g.stop_us)
) t ON true
WHERE g.kind IN ('counter', 'delta') AND n.carry IS DISTINCT FROM g.carry_before AND t.hour IS NOT NULL;

DROP TABLE rollup_range, rollup_reading, rollup_stamped, rollup_measure;
SELECT count(*) FROM rollup_touched;
