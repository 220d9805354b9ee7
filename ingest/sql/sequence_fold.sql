-- Moves the runs of some batches into ingest.sequence; the number of batches taken. Two that fold at once share the rows.
WITH taken AS (
    DELETE FROM ingest.sequence_met
    WHERE ctid = ANY (ARRAY(SELECT m.ctid FROM ingest.sequence_met m LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING district, device, boot, first, last
), run AS (
    SELECT r.district, r.device, r.boot, range_agg(int8range(r.first, r.last, '[]')) AS met
    FROM taken t
    CROSS JOIN LATERAL unnest(t.district, t.device, t.boot, t.first, t.last) AS r (district, device, boot, first, last)
    GROUP BY r.district, r.device, r.boot
), folded AS (
    INSERT INTO ingest.sequence AS s (district, device, boot, met)
    SELECT district, device, boot, met FROM run ORDER BY district, device, boot
    ON CONFLICT (district, device, boot) DO UPDATE SET met = s.met + excluded.met
)
SELECT count(*) FROM taken
