-- Takes the oldest local days of a district out of metrics.due, about %(device_hours)s hours of its devices; returns
-- district, days and the end of the last hour that has changed in any of its due days. %(settled)s: days on which hours have
-- changed so late that the roll-ups of later hours may still be under way are left (no zone is more than 12 hours behind UTC).
WITH district AS (
    SELECT d.district, max(d.until) AS until, ((max(d.until) - INTERVAL '12 hours') AT TIME ZONE 'UTC')::date AS unsettled
    FROM metrics.due d GROUP BY d.district
), day AS (
    SELECT DISTINCT d.district, d.day, x.until
    FROM metrics.due d JOIN district x ON x.district = d.district
    WHERE NOT %(settled)s OR d.day < x.unsettled
), first AS (
    SELECT d.district, d.until, greatest(1, %(device_hours)s / (24 * (
               SELECT greatest(1, count(DISTINCT f.id)) FROM ingest.fact f WHERE f.district = d.district AND f.kind = 'device'))) AS days
    FROM day d ORDER BY d.day, d.district LIMIT 1
), taken AS (
    SELECT d.district, d.day, d.until
    FROM day d JOIN first x ON x.district = d.district
    ORDER BY d.day LIMIT (SELECT x.days FROM first x)
), gone AS (
    DELETE FROM metrics.due d USING taken t WHERE d.district = t.district AND d.day = t.day
)
SELECT t.district, array_agg(t.day ORDER BY t.day), max(t.until) FROM taken t GROUP BY t.district
