-- Takes the oldest rows of ingest.touched whose hour has ended, all of an hour at once, until about %(limit)s
-- (datastream, hour) pairs are at hand. The transaction's snapshot shows a row only together with its batch's readings,
-- and only rows shown are deleted: a batch that commits later is found next time.
-- rollup_touched: stretches of time in which readings were stamped; one row per stretch.
CREATE TEMPORARY TABLE rollup_pair (datastream_id int, us bigint, length_us bigint) ON COMMIT DROP;

WITH taken AS (
    DELETE FROM ingest.touched
    WHERE hour < %(cutoff)s AND hour <= (
        SELECT max(h.hour)
        FROM (SELECT t.hour, sum(sum(cardinality(t.datastream_ids))) OVER (ORDER BY t.hour)
                             - sum(cardinality(t.datastream_ids)) AS earlier
              FROM ingest.touched t WHERE t.hour < %(cutoff)s GROUP BY t.hour) h
        WHERE h.earlier < %(limit)s)
    RETURNING hour, datastream_ids
)
INSERT INTO rollup_pair
SELECT DISTINCT x.id, metrics.us(t.hour), %(hour)s::bigint FROM taken t CROSS JOIN LATERAL unnest(t.datastream_ids) x (id)
-- Roll-ups of readings that were dropped are final: there is nothing to compute them from.
WHERE NOT EXISTS (SELECT FROM ingest.dropped d WHERE t.hour >= d.time_from AND t.hour < d.time_to);

-- A counter's reading or a delta stamped exactly as the hour ends belongs before the end, but its row is filed under the
-- hour that has only begun. Rows of that hour are looked through once (batch_id becomes 0) and stay. That is last: an hour
-- at the end that is there before those between would be taken for one that they have to hand on to.
WITH seen AS (
    DELETE FROM ingest.touched
    WHERE hour = %(cutoff)s AND batch_id IS DISTINCT FROM 0 AND NOT EXISTS (SELECT FROM ingest.touched t WHERE t.hour < %(cutoff)s)
    RETURNING datastream_ids
), datastream AS (
    SELECT DISTINCT x.id FROM seen s CROSS JOIN LATERAL unnest(s.datastream_ids) x (id)
), kept AS (
    INSERT INTO ingest.touched (batch_id, hour, datastream_ids)
    SELECT 0, %(cutoff)s, array_agg(d.id) FROM datastream d HAVING count(*) > 0
)
INSERT INTO rollup_pair
SELECT d.id, metrics.us(%(cutoff)s), 1
FROM datastream d
JOIN ingest.datastream s ON s.id = d.id
JOIN ingest.quantity q ON q.name = s.quantity AND q.kind IN ('counter', 'delta')
WHERE EXISTS (SELECT FROM ingest.reading r WHERE r.datastream_id = d.id AND r.time = %(cutoff)s);

CREATE TEMPORARY TABLE rollup_touched ON COMMIT DROP AS
SELECT datastream_id, min(us) AS start_us, max(us + length_us) AS stop_us
FROM (SELECT *, count(*) FILTER (WHERE apart) OVER (PARTITION BY datastream_id ORDER BY us) AS no
      FROM (SELECT *, us > lag(us + length_us) OVER (PARTITION BY datastream_id ORDER BY us) AS apart FROM rollup_pair) p) p
GROUP BY datastream_id, no;
DROP TABLE rollup_pair;

SELECT DISTINCT datastream_id FROM rollup_touched ORDER BY datastream_id;
