-- rollup_stamped: one row per range and hour with readings stamped in it: counts, and the lines of the digest.
CREATE TEMPORARY TABLE rollup_stamped ON COMMIT DROP AS
SELECT r.range_id, r.hour,
       count(*)::int AS received,
       (count(*) FILTER (WHERE r.valid))::int AS valid,
       (count(*) FILTER (WHERE r.frozen))::int AS frozen,
       ARRAY[count(*) FILTER (WHERE r.class = 0), count(*) FILTER (WHERE r.class = 1), count(*) FILTER (WHERE r.class = 2),
             count(*) FILTER (WHERE r.class = 3), count(*) FILTER (WHERE r.class = 4), count(*) FILTER (WHERE r.class = 5),
             count(*) FILTER (WHERE r.class = 6), count(*) FILTER (WHERE r.class = 7), count(*) FILTER (WHERE r.class = 8),
             count(*) FILTER (WHERE r.class = 9)]::int[] AS lateness,
       ARRAY[count(*) FILTER (WHERE r.flags & 4 <> 0), count(*) FILTER (WHERE r.flags & 8 <> 0),
             count(*) FILTER (WHERE r.flags & 16 <> 0), count(*) FILTER (WHERE r.flags & 32 <> 0),
             count(*) FILTER (WHERE r.flags & 64 <> 0), count(*) FILTER (WHERE r.flags & 128 <> 0),
             count(*) FILTER (WHERE r.flags & 256 <> 0), count(*) FILTER (WHERE r.flags & 512 <> 0)]::int[] AS flag_counts,
       ARRAY[count(*) FILTER (WHERE r.flags & 3 = 0), count(*) FILTER (WHERE r.flags & 3 = 1),
             count(*) FILTER (WHERE r.flags & 3 = 2), count(*) FILTER (WHERE r.flags & 3 = 3)]::int[] AS origins,
       string_agg(r.us || ' ' || r.value || ' ' || r.flags || coalesce(' ' || r.span_us, ''), E'\n' ORDER BY r.us) AS lines
FROM (
    SELECT *, CASE WHEN valid AND flags & %(backfill)s = 0 THEN width_bucket(late_s - 1, %(lateness_edges)s::int[]) END AS class
    FROM rollup_reading
) r
GROUP BY r.range_id, r.hour;
